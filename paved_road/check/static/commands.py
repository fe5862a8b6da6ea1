"""What a command of a pipeline runs in the end: `make check` is what the Makefile says, `npm test` the script.

Only texts are read. A command is its own text and that of all it stands for, to a few levels.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from paved_road.check.static.files import ServiceFiles
from paved_road.check.static.structured import mapping, parsed_json

TESTS = re.compile(
    r"\b(pytest|py\.test|unittest|(tox|nox)\b(?!( -q)? -[es][ =]?\S*(lint|doc|typ|mypy|format|build))|nosetests|behave"
    r"|go test|gotestsum|ginkgo|cargo (llvm-cov|nextest|test|t\b)|vitest|jest|mocha|karma|cypress|playwright"
    r"|node --test|deno (task )?test|bun (run )?test|ava\b|c8|nyc|(npm|pnpm|yarn)( run)?( -\w+| --\S+)* (t|tst"
    r"|test\S*|ci:test)\b|npx .*test|dotnet test|rspec|minitest|rake( test| spec)?\b|rails test|phpunit|pest\b"
    r"|composer( run(-script)?)? test|mix test|sbt .*test|bazel(isk)? test|ctest|swift test|(stack|cabal|zig build"
    r"|flutter|dart|lein|clj|hatch|pdm|poe|task|just|rebar3|elm-test|crystal)( run)? (test|ct|eunit|spec)"
    r"|make .*\b(test|tests|check|verify)\b|bats\b)|\bmvnw?\b.*\b(test|verify|install|package|deploy)\b"
    r"|\bgradlew?\b.*\b(test|check|build)\b",
    re.IGNORECASE,
)
"""A command that runs tests."""
LINT = re.compile(
    r"\b(ruff|flake8|pylint|pylama|mypy|pyright|black|isort|bandit|eslint|prettier|biome|oxlint|tsc|golangci\S*"
    r"|go vet|gofmt|gofumpt|staticcheck|revive|clippy|cargo fmt|rustfmt|checkstyle\w*|spotless\w*|spotbugs\w*"
    r"|pmd\w*|error-?prone|ktlint\w*|detekt|scalafmt\w*|scalafix|rubocop|standardrb|brakeman|phpcs|phpstan|psalm"
    r"|php-cs-fixer|credo|dialyzer|mix format|dotnet format|clang-(tidy|format)|cppcheck|shellcheck|stylelint"
    r"|pre-commit|prek|megalinter|super-linter|sonar\w*|qodana|trunk check|reviewdog|lefthook|buf lint|spectral"
    r"|swiftlint|dart analyze|flutter analyze)\b|lint|codeql",
    re.IGNORECASE,
)
"""A command, or an action, that reads the code for faults or for its style."""
DEPLOYS = re.compile(
    r"\bkubectl\b[^\n|]*\b(apply|set image|rollout restart|replace|patch)\b|\bhelm(file)?\b[^\n]*\b(upgrade|install"
    r"|sync)\b|\b(terraform|tofu|terragrunt) apply\b|\bpulumi up\b|\bcdk deploy\b|\bargocd app (sync|set)\b"
    r"|\bfly(ctl)? deploy\b|\bgcloud (run|app|functions) deploy\b|\baws ecs update-service\b|\baws deploy\b"
    r"|\bserverless deploy\b|\bsls deploy\b|\bsam deploy\b|\beb deploy\b|\bskaffold (run|deploy)\b|\bkamal deploy\b"
    r"|\bvercel\b.*--prod|\bnetlify deploy\b|\bwrangler (deploy|publish)\b|\bansible-playbook\b"
    r"|\bnomad (job )?run\b|\bcf push\b|\baz (webapp|containerapp) (up|update|deploy)|\b(git push\s+(dokku|heroku)"
    r"|heroku container:release)\b|\bkapp deploy\b|\bwerf converge\b|\bdocker stack deploy\b",
    re.IGNORECASE,
)
"""A command that changes what runs."""
SKIPS_TESTS = re.compile(r"-DskipTests|-Dmaven\.test\.skip(=true)?|-x test\b|--exclude-task test", re.IGNORECASE)

_DEEPEST = 4
_LONGEST = 200_000
"""Characters that a command may expand to."""
_LONGEST_LINE = 2000
"""Characters of one line that are read."""
_MAKE = re.compile(r"(?:^|[\s;&|(@])g?make\b(?P<rest>[^\n;&|]*)")
_SCRIPT = re.compile(r"(?:npm|pnpm|yarn|bun)(?: run| run-script)?(?: -\w+| --\S+)* (?P<name>[\w:.-]+)")
_TASKS = re.compile(r"(?:^|[\s;&|])(?P<tool>just|task|mage|rake|poe|nox|tox|hatch|invoke|inv)\b")
_TASK_FILES = {
    "just": ("justfile", "Justfile", ".justfile"), "task": ("Taskfile.yml", "Taskfile.yaml"), "mage": ("magefile.go",),
    "rake": ("Rakefile",), "poe": ("pyproject.toml",), "nox": ("noxfile.py",), "tox": ("tox.ini", "pyproject.toml"),
    "hatch": ("pyproject.toml", "hatch.toml"), "invoke": ("tasks.py",), "inv": ("tasks.py",),
}  # fmt: skip
_BUILDS = re.compile(r"(?:^|[\s;&|/])(?P<tool>mvnw?|gradlew?|sbt|dotnet|cargo|pre-commit|prek)\b")
_BUILD_FILES = {
    "mvn": ("pom.xml",), "mvnw": ("pom.xml",), "gradle": ("build.gradle", "build.gradle.kts"), "sbt": ("build.sbt",),
    "gradlew": ("build.gradle", "build.gradle.kts"), "pre-commit": (".pre-commit-config.yaml",),
    "prek": (".pre-commit-config.yaml",),
}  # fmt: skip
_FILE = re.compile(
    r"(?:^|[\s\"'=;&|(])(?:\./)?(?P<path>[\w./-]+\.(?:sh|bash|py|js|mjs|ts|rb|ps1|pl)|(?:bin|script|scripts"
    r"|ci)/[\w./-]+)"
)


def expanded(files: ServiceFiles, command: str) -> str:
    """A command, with the text of everything that it stands for."""
    seen: set[str] = set()
    parts: list[str] = []
    todo = [(command, 0)]
    while todo and sum(map(len, parts)) < _LONGEST:
        text, depth = todo.pop()
        text = re.sub(rf"(?m)^(.{{{_LONGEST_LINE}}}).*$", r"\1", text)
        parts.append(text)
        if depth < _DEEPEST:
            for name, inner in _inner(files, text):
                if name not in seen:
                    seen.add(name)
                    todo.append((inner, depth + 1))
    return "\n".join(parts)


def _inner(files: ServiceFiles, text: str) -> Iterator[tuple[str, str]]:
    """What a text calls: a name for each, so that nothing is followed twice, and its text."""
    for found in _MAKE.finditer(text):
        for target in _make_targets(found["rest"]):
            yield f"make {target}", _recipe(files, target)
    for found in _SCRIPT.finditer(text):
        yield f"npm {found['name']}", _package_script(files, found["name"])
    for pattern, table in ((_TASKS, _TASK_FILES), (_BUILDS, _BUILD_FILES)):
        for found in pattern.finditer(text):
            for path in table.get(found["tool"], ()):
                yield path, _comments_removed(files.texts.get(path, ""))
    for found in _FILE.finditer(text):
        path = found["path"].removeprefix("./")
        if path in files.texts:
            yield path, _comments_removed(files.texts[path][:_LONGEST])


def _make_targets(rest: str) -> list[str]:
    words = [word for word in rest.split() if not word.startswith("-") and "=" not in word and "$" not in word]
    return [word for word in words if re.fullmatch(r"[\w./-]+", word)] or [""]


def _recipe(files: ServiceFiles, target: str) -> str:
    """The prerequisites of a target, as further calls of make, and its commands. "" means the default target."""
    text = next((files.texts[path] for path in ("GNUmakefile", "makefile", "Makefile") if path in files.texts), "")
    first = re.search(r"(?m)^\.DEFAULT_GOAL\s*:?=\s*(\S+)", text) or re.search(r"(?m)^(\w[\w-]*)\s*:(?!=)", text)
    goal = re.escape(target or (first[1] if first else "all"))
    rule = rf"(?m)^{goal}\s*::?(?!=)(?P<needs>[^\n#]*)[^\n]*\n(?P<lines>(?:\t[^\n]*\n|[ \t]*\n)*)"
    found = re.search(rule, text + "\n")
    if found is None:
        return ""
    variables = dict(re.findall(r"(?m)^(\w+)\s*[:?]?=\s*(.*)$", text))
    lines = re.sub(r"\$[({](\w+)[)}]", lambda one: variables.get(one[1], one[0]), found["lines"])
    needs = [need for need in found["needs"].replace("|", " ").split() if re.fullmatch(r"[\w.-]+", need)]
    return "\n".join([*(f"make {need}" for need in needs), lines])


def _package_script(files: ServiceFiles, name: str) -> str:
    package: Any = parsed_json(files.texts.get("package.json", "{}"))[0]
    script = mapping(package, "scripts").get("test" if name in ("t", "tst") else name)
    return script if isinstance(script, str) else ""


def _comments_removed(text: str) -> str:
    return re.sub(r"(?m)^[ \t]*(#|//).*$", "", text)
