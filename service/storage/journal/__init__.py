"""A journal: records that are durable at once, until somebody has put them where they belong."""
