-- Whoever manages groups and role mappings needs to see whom that concerns: the pages show it to access:view alone. The group
-- of a new installation gets it, where it is still there and still manages both. Whoever has read the group before has read
-- another version of it.
UPDATE groups SET version = version + 1
WHERE id = 'd46828cc-2a50-59a2-8646-c76d4591b6a8'
    AND (SELECT COUNT(*) FROM group_permissions p WHERE p.group_id = groups.id AND NOT p.denied AND p.permission IN ('group:*', 'role-mapping:*')) = 2
    AND NOT EXISTS (SELECT 1 FROM group_permissions p WHERE p.group_id = groups.id AND p.permission = 'access:view');

INSERT INTO group_permissions (group_id, permission)
SELECT g.id, 'access:view'
FROM groups g
WHERE g.id = 'd46828cc-2a50-59a2-8646-c76d4591b6a8'
    AND (SELECT COUNT(*) FROM group_permissions p WHERE p.group_id = g.id AND NOT p.denied AND p.permission IN ('group:*', 'role-mapping:*')) = 2
ON CONFLICT (group_id, permission) DO NOTHING;

-- Who was put into a group by hand, or taken out: the row of the log is the group's, and names the account among its values.
-- With this, what was done to an account is found without reading the log; of rows that are there already too.
CREATE INDEX audit_log_by_member ON audit_log ((COALESCE(new_values, old_values)::json ->> 'accountId'), at, id)
WHERE model = 'group' AND action IN ('add-member', 'remove-member');
