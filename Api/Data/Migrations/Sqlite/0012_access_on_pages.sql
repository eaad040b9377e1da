-- Whoever manages groups and role mappings needs to see whom that concerns: the pages show it to access:view alone. The group
-- of a new installation gets it, where it is still there and still manages both.
INSERT INTO group_permissions (group_id, permission)
SELECT g.id, 'access:view'
FROM groups g
WHERE g.id = 'd46828cc-2a50-59a2-8646-c76d4591b6a8'
    AND (SELECT COUNT(*) FROM group_permissions p WHERE p.group_id = g.id AND NOT p.denied AND p.permission IN ('group:*', 'role-mapping:*')) = 2
ON CONFLICT (group_id, permission) DO NOTHING;
