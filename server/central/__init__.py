"""ODK Central: the client, the pull of submissions, publishing of forms, and what is written back."""
