"""What the city promised: tickets, their divisions, deadlines and stories."""
