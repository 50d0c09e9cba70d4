"""Result objects that are read: structured reports and documents."""
