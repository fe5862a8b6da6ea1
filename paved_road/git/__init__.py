"""The only code that runs git: typed functions over a hermetic environment.

This is the room's face for everything that runs git: `from paved_road import git`, then `git.resolve(...)`. The values
that they take and return (ids, tree entries, files) are in `paved_road.git.entries`, addresses of roads in
`paved_road.git.address`, and reading and writing files with their modes in `paved_road.git.trees`.

Nothing here prints, prompts or depends on the working directory, the index or the variables of a git command that may
have called paved (a hook, an alias, a rebase).
"""

from paved_road.git.conversion import converted
from paved_road.git.create import (
    MAIN,
    clone_road,
    commit_everything,
    create_tag,
    fetch_commit,
    fetch_road,
    start_repository,
)
from paved_road.git.identity import REMEDY, Identity, author, committing
from paved_road.git.index import Index, read_index
from paved_road.git.locks import is_held, locks
from paved_road.git.login import Login
from paved_road.git.merge import (
    Commit,
    Merge,
    Scratch,
    detect_renames,
    diff_folders,
    diff_patch,
    diff_stat,
    merge_texts,
    merged_tree,
    quoted,
)
from paved_road.git.objects import Objects, list_sizes, list_tree, read_objects, submodules, write_blobs
from paved_road.git.process import (
    INSTALL,
    OLDEST,
    PERSON,
    READER,
    Role,
    environment,
    is_bare,
    refuse_old,
    version,
)
from paved_road.git.query import (
    Repository,
    attributes,
    checked_out_branch,
    commits_in,
    describe,
    files_with,
    filtered,
    first_parent_log,
    has_changes,
    has_file,
    ignored,
    ignored_with,
    is_ancestor,
    is_branch_name,
    is_ignored,
    is_reachable,
    is_repository,
    is_sound,
    kept_in,
    last_commit,
    last_with,
    log_files,
    object_id,
    object_type,
    objects_folder,
    opens,
    own_setting,
    refs,
    renames_in_history,
    repository,
    repository_around,
    resolve,
    settings,
    verify_signature,
    without_filters,
    working_files,
)
from paved_road.git.worktree import (
    SKIP_WORKTREE,
    add,
    changed_files,
    changed_paths,
    check_out,
    checkout_index,
    commit_staged,
    commit_tree,
    current_branch,
    hash_files,
    head_and_changed,
    index_flags,
    leave_branch,
    restore,
    skip_worktree,
    stage,
    stage_everything,
    staged_files,
    start_branch,
    unmerged,
    unmerged_files,
    update_index,
    update_stages,
    write_tree_from_disk,
)
