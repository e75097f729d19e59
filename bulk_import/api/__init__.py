"""The account's API: its fields, the form of a contact, the client, and what its answers mean."""
