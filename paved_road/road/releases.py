"""The releases of a template: which there are, which one a text names, and which comes after which."""

from __future__ import annotations

from paved_road import git
from paved_road.errors import RoadError, UnknownRelease, nearest
from paved_road.road import versions
from paved_road.road.model import WORKING_TREE, Release, Template
from paved_road.road.templates import CONFIG_NAMES, templates


def release(template: Template, ref: str | None = None) -> Release:
    """The release that `ref` names (a tag, version, branch, commit, or HEAD for a work tree); without `ref` the latest.

    The exact name of a tag goes before a version that is equal to it. Raises `UnknownRelease` if `ref` names nothing,
    or a commit that no branch or tag of the road leads to.
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
    found = _called(known, ref)
    if found is not None:
        return found
    _refuse_another_s(template, ref)
    commit = road.history.head if ref == WORKING_TREE else git.resolve(road.location, ref)
    if commit is None:
        names = [one.version for one in known] + road.history.branches
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
    return _at(template, commit)


def _refuse_another_s(template: Template, ref: str) -> None:
    """Raise `UnknownRelease` if the tag is of another template: `docs/v2.0.0` is no release of `service`."""
    tag = ref.removeprefix("refs/").removeprefix("tags/")
    owner, slash, version = tag.rpartition("/")
    road = template.road
    if not slash or tag not in road.history.tags or not versions.is_version(version) or owner == template.name:
        return
    if any(one.name == owner for one in templates(road)):
        raise UnknownRelease(
            f"no release {ref!r} of {template.name}",
            cause=f"it is a release of {owner}, another template of {road.source}",
            hint=f"paved templates --releases{road.option}",
        )


def _called(known: list[Release], ref: str) -> Release | None:
    """The release of that name: a tag's whole name first, then its end, then a version as it is written."""
    by_tag = {one.tag: one for one in known if one.tag}
    by_name = {tag.rsplit("/", 1)[-1]: one for tag, one in by_tag.items()}
    by_version = {one.version: one for one in reversed(known)}
    return by_tag.get(ref) or by_name.get(ref) or by_version.get(ref.removeprefix("v"))


def _latest(template: Template) -> Release:
    """The newest tagged release that is not a pre-release (or the newest at all); without tags the main branch."""
    tagged = _tagged(template)
    if tagged:
        return next((found for found in tagged if not versions.parse(found.version).is_prerelease), tagged[0])
    head = template.road.history.head
    if head is None:
        raise RoadError(f"{template.road.source} has no commits")
    return _at(template, head)


def releases(template: Template) -> list[Release]:
    """Every release, newest first: the tags, or without tags the versions that `paved-road.yml` ever stated."""
    return _tagged(template) or _stated(template)


def offer(template: Template) -> tuple[Release, list[Release]]:
    """The latest release, and every one, of those that hold the template; what is on disk alone is as it lies there."""
    every = _holding(template)
    tagged = [one for one in every if one.tag]
    if tagged:
        return next((one for one in tagged if not versions.parse(one.version).is_prerelease), tagged[0]), every
    if not template.road.is_git:
        return _working_tree(template), []
    try:
        main = release(template, template.road.history.head)
    except UnknownRelease:
        return _working_tree(template), every
    return (_working_tree(template) if main.tag else main), every  # that tag is of a commit without the template


def _holding(template: Template) -> list[Release]:
    """The releases in whose tree the template is: a road's tags are older than some of its templates."""
    every = releases(template)
    if not every:
        return []
    prefix = f"{template.folder}/" if template.folder else ""
    names = (f"{one.commit}:{prefix}{name}" for one in every for name in CONFIG_NAMES)
    found = iter(git.read_objects(template.road.location, names))
    held = [one for one, *configs in zip(every, found, found, strict=True) if configs != [None, None]]
    return held or (every if _borrowed(template, str(every[0].commit)) else [])


def _tagged(template: Template) -> list[Release]:
    if not template.road.is_git:
        return []
    prefix = f"{template.name}/" if template.folder else ""
    all_tags = template.road.history.tags
    own = {tag.removeprefix(prefix): (tag, commit) for tag, commit in all_tags.items() if tag.startswith(prefix)}
    plain = {tag: (tag, commit) for tag, commit in all_tags.items() if "/" not in tag}
    found = _versions(template, own) or _versions(template, plain)
    if template.last:
        last = versions.parse(template.last.rsplit("/", 1)[-1])
        found = [one for one in found if versions.parse(one.version) <= last]
    # Of two tags of one version the more precise one is the release: `v1` is often moved along from `v1.0` to `v1.1`.
    return sorted(found, key=lambda one: (versions.parse(one.version), one.version.count(".")), reverse=True)


def _versions(template: Template, named: dict[str, tuple[str, str]]) -> list[Release]:
    return [
        Release(template=template, version=str(versions.parse(name)), commit=commit, described=tag, tag=tag)
        for name, (tag, commit) in named.items()
        if versions.is_version(name)
    ]


def _stated(template: Template) -> list[Release]:
    """Releases of a road without tags. A version lasts until the commit that states the next one."""
    from paved_road.road.version_file import FILENAME, stated_version

    location = template.road.location
    head = template.road.history.head if template.road.is_git else None
    if head is None:
        return []
    path = f"{template.folder}/{FILENAME}" if template.folder else FILENAME
    changes = git.first_parent_log(location, head, path)
    contents = git.read_objects(location, (f"{commit}:{path}" for commit in changes))
    found: dict[str, Release] = {}
    last = head
    for commit, content in zip(changes, contents, strict=True):
        version = stated_version(content)
        if version is not None and version not in found:
            at = git.resolve(location, last) or commit
            found[version] = Release(
                template=template, version=version, commit=at, described=git.describe(location, at)
            )
        last = f"{commit}^"
    return list(found.values())


def _at(template: Template, commit: str) -> Release:
    """The release at a commit that may have no tag: the stated version, else one derived as Copier does."""
    from paved_road.road.version_file import FILENAME, stated_version

    if tagged := tagged_release(template, commit):
        return tagged
    location, folder = template.road.location, template.folder
    prefix = f"{folder}/" if folder else ""
    *configs, manifest = git.read_objects(location, [f"{commit}:{prefix}{name}" for name in (*CONFIG_NAMES, FILENAME)])
    if not any(config is not None for config in configs) and not _borrowed(template, commit):
        raise UnknownRelease(
            f"{template.name} is not in {commit[:12]}", cause=f"no copier.yml at {prefix or 'the root'}"
        )
    described = git.describe(location, commit)
    version = stated_version(manifest) or _derived(template, commit)
    return Release(template=template, version=version, commit=commit, described=described)


def tagged_release(template: Template, commit: str) -> Release | None:
    """The release that a tag names at a commit; None for a commit without such a tag."""
    return next((release for release in _tagged(template) if release.commit == commit), None)


def _is_in(template: Template, commit: str) -> bool:
    """Whether a commit holds the template."""
    prefix = f"{template.folder}/" if template.folder else ""
    configs = git.read_objects(template.road.location, [f"{commit}:{prefix}{name}" for name in CONFIG_NAMES])
    return any(config is not None for config in configs) or _borrowed(template, commit)


def _borrowed(template: Template, commit: str) -> bool:
    """Whether the template's folder is a submodule that holds a template."""
    from paved_road.road import contents

    return bool(template.folder) and bool({*CONFIG_NAMES} & {*contents.names(template.road, commit, template.folder)})


def _derived(template: Template, commit: str) -> str:
    """The version of an untagged commit: the newest release before it, commits since, the id (PEP 440's local part).

    Tags that are no versions (`nightly`) say nothing about what comes before what.
    """
    location = template.road.location
    tagged = _tagged(template)
    merged = {*git.refs(location, "refs/tags", merged=commit).values()} if tagged else set()
    before = next((one for one in tagged if one.commit in merged), None)
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
        committed = _at(template, commit)
        version, described = version or committed.version, committed.described
    elif commit is not None:
        described = git.describe(road.location, commit)
    version = version or "0.0.0"
    if road.is_git and git.has_changes(road.location / template.folder):
        version = versions.dirty(version)
    return Release(template=template, version=version, commit=commit, described=described, working_tree=True)


# -- what comes after what -------------------------------------------------------------------------------------------


def is_news(target: Release, version: str, commit: str | None) -> bool:
    """Whether a service at that version and commit has anything to get from `target`: an update goes there.

    Another commit under the same version, where a tag was moved or a branch went on, is news; another name of the
    same commit is none, nor is the name that it has for want of a tag. A plain folder may have changed under its
    version.
    """
    if is_same_commit(target, version, commit):
        same = version == target.version or versions.is_same(version, target.version)
        return not (same or versions.is_derived(target.version))
    return not goes_back(target, version, commit)


def is_same_commit(target: Release, version: str, commit: str | None) -> bool:
    """Whether a service at that version and commit has what `target` is, whatever either is called."""
    return commit is not None and commit == target.commit and not versions.is_dirty(version)


def goes_back(target: Release, version: str, commit: str | None) -> bool:
    """Whether a service at that version and commit would lose something it has, were it brought to `target`.

    Two versions that the road's author tagged are ordered by their numbers. A commit that no version names, or whose
    version was moved, is ordered by the history: it is never taken back to one that comes before it. A commit that the
    road took out of its history has no place in it, even where git has not yet cleared it away.
    """
    template = target.template
    if commit is None or target.commit is None:
        return versions.is_older(target.version, version)
    tagged = target.tag is not None and any(one.commit == commit for one in _tagged(template))
    if commit != target.commit and tagged and not versions.is_same(target.version, version):
        return versions.is_older(target.version, version)
    location = template.road.location
    if commit == target.commit or git.is_ancestor(location, commit, target.commit):
        return False
    is_in_road = template.road.history.has(commit)
    if is_in_road and git.is_ancestor(location, target.commit, commit):
        return True
    if versions.is_derived(target.version) or (versions.is_derived(version) and not is_in_road):
        return False  # nothing but the road itself says what is newest
    return versions.is_older(target.version, version)
