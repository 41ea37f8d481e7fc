"""手机端: the technician's tasks, visit and records, as a light build of its own."""
