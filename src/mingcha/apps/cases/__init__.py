"""案件: what people make of findings."""
