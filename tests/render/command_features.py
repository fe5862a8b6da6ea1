"""What Copier's users type and what they set for themselves, and the counterpart here. See `copier_features`."""

from __future__ import annotations

from typing import Any

from tests.render.copier_features import Feature, Part, Verdict

OURS, DIFFERS = Verdict.OURS, Verdict.DIFFERS


def _command(name: str, typed: str, **facts: Any) -> Feature:
    return Feature(part=Part.COMMAND, name=name, typed=typed, **facts)


COMMANDS = (
    _command("copy", "paved new DEST --road SOURCE", shape="plain"),
    _command("update", "paved update", shape="plain", note="Also what plain Copier made. A conflict exits with 1."),
    _command(
        "recopy",
        "paved update --no-base",
        verdict=DIFFERS,
        proof="test_nothing_throws_the_teams_work_away",
        note="`recopy` throws the team's work away, which no command of paved does. "
        "`--no-base` merges without the history: every difference is a conflict that you decide.",
    ),
    _command(
        "check-update",
        "paved status",
        proof="test_status_answers_check_update",
        note="Exit code 1 when there is a newer release, drift or an update in progress.",
    ),
)


def _option(name: str, typed: str = "", **facts: Any) -> Feature:
    return Feature(part=Part.OPTION, name=name, typed=typed, **facts)


OPTIONS = (
    _option(
        "-a, --answers-file",
        "paved update --answers-file PATH",
        proof="test_a_second_template_has_an_answers_file_of_its_own",
        note="Needed for a second template only: `paved adopt . --road SOURCE -a PATH`, then `paved update -a PATH` "
        "adds its files. One answers file is found where the template puts it.",
    ),
    _option(
        "--ask",
        "paved update --data KEY=VALUE",
        verdict=DIFFERS,
        proof="test_an_update_asks_only_what_is_new",
        note="Questions are asked once. To answer one again, name it.",
    ),
    _option(
        "-C, --no-cleanup",
        verdict=DIFFERS,
        proof="test_a_failed_creation_leaves_nothing",
        note="A service is built beside its destination: after a failure there is nothing to look at or to clean up.",
    ),
    _option(
        "-c, --context-lines",
        verdict=DIFFERS,
        shape="plain",
        note="A three-way merge needs no context lines.",
    ),
    _option(
        "--completions",
        "paved --install-completion",
        verdict=DIFFERS,
        note="Completions know templates and releases, too.",
    ),
    _option("-d, --data", "paved new DEST --data KEY=VALUE", same=({"data": {"name": "ours"}}, ("-d", "name=ours"))),
    _option(
        "--data-file",
        "paved new DEST --answers FILE",
        same=({"data": {"name": "ours", "many": ["b"]}}, ("--answers", "FILE")),
        note="YAML or JSON; another service's answers file works as it is.",
    ),
    _option("-l, --defaults", "paved new DEST --defaults", same=({}, ())),
    _option(
        "-f, --force",
        "paved new DEST --defaults",
        verdict=DIFFERS,
        proof="test_nothing_is_written_over",
        note="`paved new` writes over nothing. In `copier update`, `-f` means `--defaults`.",
    ),
    _option(
        "-w, --overwrite",
        "paved adopt PATH --road SOURCE",
        verdict=DIFFERS,
        proof="test_nothing_is_written_over",
        note="A folder that holds files is adopted, and its files merge with the next update.",
    ),
    _option(
        "-x, --exclude",
        verdict=DIFFERS,
        proof="test_a_file_that_the_team_deleted_stays_away",
        note="Delete the file: an update does not bring it back.",
    ),
    _option(
        "-s, --skip",
        verdict=DIFFERS,
        shape="skip-if-exists",
        note="The template says once what belongs to the team: `_skip_if_exists`, or `owners` in paved-road.yml.",
    ),
    _option(
        "-g, --prereleases",
        "paved update --to VERSION",
        verdict=DIFFERS,
        proof="test_a_prerelease_is_taken_when_it_is_named",
        note="A pre-release is taken when it is named, or when the road has nothing else.",
    ),
    _option(
        "-r, --vcs-ref",
        "paved new DEST --ref VERSION",
        same=({"vcs_ref": "v1.0.0"}, ("--ref", "v1.0.0")),
        note="For an update `--to VERSION`; for `:current:` name the release that the service has.",
    ),
    _option(
        "-n, --pretend",
        "paved update --dry-run",
        shape="plain",
        note="Shows the exact difference, and exits as the real run would.",
    ),
    _option(
        "-q, --quiet",
        "paved update --json",
        verdict=DIFFERS,
        note="What is for people goes to standard error; `--json` prints one document.",
    ),
    _option(
        "-T, --skip-tasks",
        "paved new DEST --dry-run",
        verdict=DIFFERS,
        note="What a template's tasks make belongs to its services: a service without it would drift from the start.",
    ),
    _option("--UNSAFE, --trust", "paved new DEST --trust", shape="tasks-once"),
    _option(
        "-A, --skip-answered",
        "paved update",
        proof="test_an_update_asks_only_what_is_new",
        note="Always so: an update asks only what has no valid answer.",
    ),
    _option(
        "-o, --conflict",
        "paved update",
        verdict=DIFFERS,
        proof="test_a_conflict_is_an_unmerged_file",
        note="A conflict is an unmerged file as git knows it, never a `.rej` file, and exits with 1.",
    ),
    _option(
        "--output-format",
        "paved status --json",
        proof="test_status_answers_check_update",
    ),
    _option("-h, --help, --help-all", "paved --help"),
    _option("-v, --version", "paved --version"),
)

PERSON = (
    Feature(
        part=Part.PERSON,
        name="defaults",
        verdict=DIFFERS,
        proof="test_a_persons_own_settings_are_paveds",
        note="`[answers]` in paved's own configuration; Copier's file is not read. A value is a value, not Jinja.",
    ),
    Feature(
        part=Part.PERSON,
        name="trust",
        verdict=DIFFERS,
        proof="test_a_persons_own_settings_are_paveds",
        note="`trust` in paved's own configuration: who trusts Copier with a template did not say so to paved.",
    ),
    Feature(
        part=Part.PERSON,
        name="COPIER_SETTINGS_PATH",
        verdict=DIFFERS,
        proof="test_a_persons_own_settings_are_paveds",
        note="`PAVED_CONFIG`.",
    ),
)

SOURCES = (
    Feature(
        part=Part.SOURCE,
        name="a folder; gh:, gl:, git+, git@, .git",
        typed="paved new DEST --road gh:organisation/name",
        proof="test_the_look_of_a_source_tells_a_url_from_a_path",
        note="Recorded as Copier records them, so that plain Copier finds the template.",
    ),
    Feature(
        part=Part.SOURCE,
        name="the newest tag by PEP 440",
        proof="test_the_newest_tag_is_the_latest_release_in_versions_not_letters",
        note="Without tags, the version that `paved-road.yml` states, and then the one that Copier derives.",
    ),
    Feature(
        part=Part.SOURCE,
        name="uncommitted changes of a local template",
        typed="paved new DEST --road FOLDER --ref HEAD",
        verdict=DIFFERS,
        proof="test_the_working_tree_is_a_release_only_when_asked_for",
        note="Taken when you ask for them, with or without tags.",
    ),
    Feature(
        part=Part.SOURCE,
        name="data that no question asks for",
        verdict=DIFFERS,
        proof="test_an_answer_to_no_question_is_refused",
        note="Refused: it would be recorded nowhere and missing at the next update. "
        "A question with `when: false` takes it.",
    ),
)

ROWS = (*COMMANDS, *OPTIONS, *SOURCES, *PERSON)
