"""What is durable before Success, and what follows it."""
