"""What people do with a reply beside reading it: stop it, ask again, say whether it helped."""
