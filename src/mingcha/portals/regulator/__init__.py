"""监管端: what needs me now, findings, cases, outlets with evidence, frames."""
