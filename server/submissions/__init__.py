"""Submissions as Central gave them: every version, deletions too; and how far each form has been pulled."""
