"""Write the figures of a run for Prometheus, to a file of the node exporter."""
