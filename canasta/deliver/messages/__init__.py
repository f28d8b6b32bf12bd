"""What people are told: events become short messages in Spanish. Pure; sending is elsewhere."""
