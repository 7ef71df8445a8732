"""The app's server: what lives as long as it does, and who is let in.  No widgets here."""
