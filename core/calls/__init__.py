"""A call's life: registry, session, who hears whom."""
