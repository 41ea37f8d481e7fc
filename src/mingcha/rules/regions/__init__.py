"""What a region changes, with source and dates: national, then shanghai."""
