"""What the system tests stand on: real servers, a strict client, a receiver that remembers every byte."""
