"""我的: who I am, sign-out of the account."""
