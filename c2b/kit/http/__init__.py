"""What every HTTP answer needs and no business knows of: limits, headers, cursors, idempotent answers, streams."""
