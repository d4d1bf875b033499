"""Print files that let a scheduler run a job: units, manifests and the like."""
