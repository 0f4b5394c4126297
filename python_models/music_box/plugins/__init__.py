"""What dbt asks before it opens the database."""
