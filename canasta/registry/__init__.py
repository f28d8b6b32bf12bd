"""Evidence to champion: tracking, the gate, and what is promoted."""
