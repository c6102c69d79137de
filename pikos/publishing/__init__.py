"""Where a process publishes, how viewers find it, and who hears of its forks and its end."""
