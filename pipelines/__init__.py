"""The pipelines: from declared sources to the published bundle."""
