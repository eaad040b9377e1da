-- PostgreSQL's indexes hold short texts only, which is mended there. SQLite's hold texts of any length.
SELECT 1;
