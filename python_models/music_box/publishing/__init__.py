"""The published copy: what it holds, what it may replace, and whose ids it shows."""
