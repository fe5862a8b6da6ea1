"""The three-way merge: git's merge of trees, and around it what git cannot know."""
