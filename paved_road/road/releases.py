"""The releases of a template: list them, find the one that a text names, and compare them."""

from __future__ import annotations

from paved_road import git
from paved_road.errors import RoadError, UnknownRelease, nearest
from paved_road.road import versions
from paved_road.road.model import WORKING_TREE, Release, Template
from paved_road.road.templates import CONFIG_NAMES, templates


def release(template: Template, ref: str | None = None) -> Release:
    """The release that `ref` names (a tag, version, branch, commit, or HEAD for a work tree); without `ref` the latest.

    A tag with exactly this name takes precedence over an equal version. Raises `UnknownRelease` if `ref` names
    nothing, or a commit that no branch or tag of the road contains.
    """
    road = template.road
    if not road.is_git:
        if ref not in (None, WORKING_TREE):
            raise UnknownRelease(
                f"no release {ref!r} of {template.name}",
                cause=f"{road.source} is a plain folder, without history",
            )
        return _working_tree(template)
    if ref == WORKING_TREE and road.local:
        return _working_tree(template)
    if ref is None:
        return _latest(template)
    known = releases(template)
    named = _find_by_name(known, ref)
    if named is not None:
        return named
    _refuse_another_template(template, ref)
    commit = road.history.head if ref == WORKING_TREE else git.resolve(road.location, ref)
    if commit is None:
        names = [release.version for release in known] + road.history.branches
        raise UnknownRelease(
            f"no release {ref!r} of {template.name}",
            hint=nearest(ref, names, command=f"paved templates --releases{road.option}"),
        )
    if not road.history.has(commit):
        raise UnknownRelease(
            f"{ref} is no release of {template.name}",
            cause=f"no branch or tag of {road.source} leads to the commit {commit[:12]}: anybody may have proposed it",
            hint=f"paved templates --releases{road.option}",
        )
    return _release_at(template, commit)


def _refuse_another_template(template: Template, ref: str) -> None:
    """Raise `UnknownRelease` if the tag belongs to another template: `docs/v2.0.0` is not a release of `service`."""
    tag = ref.removeprefix("refs/").removeprefix("tags/")
    owner, slash, version = tag.rpartition("/")
    road = template.road
    if not slash or tag not in road.history.tags or not versions.is_version(version) or owner == template.name:
        return
    if any(other.name == owner for other in templates(road)):
        raise UnknownRelease(
            f"no release {ref!r} of {template.name}",
            cause=f"it is a release of {owner}, another template of {road.source}",
            hint=f"paved templates --releases{road.option}",
        )


def _find_by_name(known: list[Release], ref: str) -> Release | None:
    """The release that `ref` names: by a whole tag, else by a tag's last part, else by a version."""
    by_tag = {release.tag: release for release in known if release.tag}
    by_name = {tag.rsplit("/", 1)[-1]: release for tag, release in by_tag.items()}
    by_version = {release.version: release for release in reversed(known)}
    return by_tag.get(ref) or by_name.get(ref) or by_version.get(ref.removeprefix("v"))


def _latest(template: Template) -> Release:
    """The newest tagged release that is not a pre-release, else the newest pre-release, else the main branch."""
    tagged = _tagged(template)
    if tagged:
        return _newest(tagged)
    head = template.road.history.head
    if head is None:
        raise RoadError(f"{template.road.source} has no commits")
    return _release_at(template, head)


def _newest(tagged: list[Release]) -> Release:
    """The newest release that is not a pre-release, else the newest of all. `tagged` starts with the newest."""
    return next((release for release in tagged if not versions.parse(release.version).is_prerelease), tagged[0])


def releases(template: Template) -> list[Release]:
    """Every release, newest first: the tags or, without tags, every version that `paved-road.yml` has stated."""
    return _tagged(template) or _stated(template)


def offer(template: Template) -> tuple[Release, list[Release]]:
    """The latest release and all releases that contain the template; the latest is the work tree if there is none."""
    every = _containing(template)
    tagged = [release for release in every if release.tag]
    if tagged:
        return _newest(tagged), every
    if not template.road.is_git:
        return _working_tree(template), []
    try:
        main = release(template, template.road.history.head)
    except UnknownRelease:
        return _working_tree(template), every
    return (_working_tree(template) if main.tag else main), every  # the tag: a commit without the template


def _containing(template: Template) -> list[Release]:
    """The releases that contain the template: a road's tags may be older than the template."""
    every = releases(template)
    if not every:
        return []
    prefix = f"{template.folder}/" if template.folder else ""
    names = (f"{release.commit}:{prefix}{name}" for release in every for name in CONFIG_NAMES)
    contents = iter(git.read_objects(template.road.location, names))
    containing = [
        release for release, *configs in zip(every, contents, contents, strict=True) if configs != [None, None]
    ]
    return containing or (every if _is_in_submodule(template, str(every[0].commit)) else [])


def _tagged(template: Template) -> list[Release]:
    if not template.road.is_git:
        return []
    prefix = f"{template.name}/" if template.folder else ""
    all_tags = template.road.history.tags
    own = {tag.removeprefix(prefix): (tag, commit) for tag, commit in all_tags.items() if tag.startswith(prefix)}
    plain = {tag: (tag, commit) for tag, commit in all_tags.items() if "/" not in tag}
    tagged = _versions(template, own) or _versions(template, plain)
    if template.last:
        last = versions.parse(template.last.rsplit("/", 1)[-1])
        tagged = [release for release in tagged if versions.parse(release.version) <= last]
    # Of two tags for the same version, the more precise one counts: authors often move `v1` from `v1.0` to `v1.1`.
    return sorted(
        tagged, key=lambda release: (versions.parse(release.version), release.version.count(".")), reverse=True
    )


def _versions(template: Template, named: dict[str, tuple[str, str]]) -> list[Release]:
    return [
        Release(template=template, version=str(versions.parse(name)), commit=commit, described=tag, tag=tag)
        for name, (tag, commit) in named.items()
        if versions.is_version(name)
    ]


def _stated(template: Template) -> list[Release]:
    """The releases of a road without tags. A version's release is the last commit before the next version."""
    from paved_road.road.version_file import FILENAME, stated_version

    location = template.road.location
    head = template.road.history.head if template.road.is_git else None
    if head is None:
        return []
    path = f"{template.folder}/{FILENAME}" if template.folder else FILENAME
    changes = git.first_parent_log(location, head, path)
    contents = git.read_objects(location, (f"{commit}:{path}" for commit in changes))
    by_version: dict[str, Release] = {}
    last = head
    for commit, content in zip(changes, contents, strict=True):
        version = stated_version(content)
        if version is not None and version not in by_version:
            at = git.resolve(location, last) or commit
            by_version[version] = Release(
                template=template, version=version, commit=at, described=git.describe(location, at)
            )
        last = f"{commit}^"
    return list(by_version.values())


def _release_at(template: Template, commit: str) -> Release:
    """The release at a commit: its tag, else the version it states, else a version derived as Copier does."""
    from paved_road.road.version_file import FILENAME, stated_version

    if tagged := tagged_release(template, commit):
        return tagged
    location, folder = template.road.location, template.folder
    prefix = f"{folder}/" if folder else ""
    *configs, manifest = git.read_objects(location, [f"{commit}:{prefix}{name}" for name in (*CONFIG_NAMES, FILENAME)])
    if not any(config is not None for config in configs) and not _is_in_submodule(template, commit):
        raise UnknownRelease(
            f"{template.name} is not in {commit[:12]}", cause=f"no copier.yml at {prefix or 'the root'}"
        )
    described = git.describe(location, commit)
    version = stated_version(manifest) or _derived_version(template, commit)
    return Release(template=template, version=version, commit=commit, described=described)


def tagged_release(template: Template, commit: str) -> Release | None:
    """The release whose tag points to a commit; None if there is no such tag."""
    return next((release for release in _tagged(template) if release.commit == commit), None)


def _is_in(template: Template, commit: str) -> bool:
    """Whether a commit contains the template."""
    prefix = f"{template.folder}/" if template.folder else ""
    configs = git.read_objects(template.road.location, [f"{commit}:{prefix}{name}" for name in CONFIG_NAMES])
    return any(config is not None for config in configs) or _is_in_submodule(template, commit)


def _is_in_submodule(template: Template, commit: str) -> bool:
    """Whether the template's folder is a submodule that contains a template."""
    from paved_road.road import contents

    return bool(template.folder) and bool({*CONFIG_NAMES} & {*contents.names(template.road, commit, template.folder)})


def _derived_version(template: Template, commit: str) -> str:
    """The version of an untagged commit: the newest release before it, commits since, the id (PEP 440's local part).

    Tags that are not versions (`nightly`) are ignored, because they have no order.
    """
    location = template.road.location
    tagged = _tagged(template)
    merged = {*git.refs(location, "refs/tags", merged=commit).values()} if tagged else set()
    before = next((release for release in tagged if release.commit in merged), None)
    since = f"{before.commit}..{commit}" if before else commit
    count = git.commits_in(location, since)
    return f"{before.version if before else '0.0.0'}.post{count}.dev0+{commit[:7]}"


def _working_tree(template: Template) -> Release:
    from paved_road.road.version_file import FILENAME, stated_version

    road = template.road
    path = road.location / template.folder / FILENAME
    version = stated_version(path.read_bytes() if path.is_file() else None)
    commit = road.history.head if road.is_git else None
    described = None
    if commit is not None and _is_in(template, commit):
        committed = _release_at(template, commit)
        version, described = version or committed.version, committed.described
    elif commit is not None:
        described = git.describe(road.location, commit)
    version = version or "0.0.0"
    if road.is_git and git.has_changes(road.location / template.folder):
        version = versions.dirty(version)
    return Release(template=template, version=version, commit=commit, described=described, working_tree=True)


# -- the order of releases -------------------------------------------------------------------------------------------


def is_news(target: Release, version: str, commit: str | None) -> bool:
    """Whether an update to `target` would bring anything new to a service at that version and commit.

    Another commit with the same version is new: a tag was moved, or a branch has new commits. The same commit is new
    only if the road's author gave it another version; an equal version (`1.0` for `1.0.0`) or a derived one is not new.
    A plain folder may change without a new version, so the same version counts as new there.
    """
    if is_same_commit(target, version, commit):
        same = version == target.version or versions.is_same(version, target.version)
        return not (same or versions.is_derived(target.version))
    return not goes_back(target, version, commit)


def is_same_commit(target: Release, version: str, commit: str | None) -> bool:
    """Whether a service at that version and commit already has the commit of `target`, whatever its version."""
    return commit is not None and commit == target.commit and not versions.is_dirty(version)


def goes_back(target: Release, version: str, commit: str | None) -> bool:
    """Whether an update to `target` would take a service at that version and commit back to an older release.

    If both commits have a tag, their versions decide. If one has none, or its tag was moved, the history decides: an
    update never goes from a commit to its ancestor. A commit that the road removed from its history has no place in
    it, even if git has not deleted the commit yet.
    """
    template = target.template
    if commit is None or target.commit is None:
        return versions.is_older(target.version, version)
    tagged = target.tag is not None and tagged_release(template, commit) is not None
    if commit != target.commit and tagged and not versions.is_same(target.version, version):
        return versions.is_older(target.version, version)
    location = template.road.location
    if commit == target.commit or git.is_ancestor(location, commit, target.commit):
        return False
    is_in_road = template.road.history.has(commit)
    if is_in_road and git.is_ancestor(location, target.commit, commit):
        return True
    if versions.is_derived(target.version) or (versions.is_derived(version) and not is_in_road):
        return False  # only the road itself determines what is newest
    return versions.is_older(target.version, version)
