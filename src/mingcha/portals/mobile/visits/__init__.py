"""当前活动: submit, sign out."""
