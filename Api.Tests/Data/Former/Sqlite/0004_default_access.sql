-- The groups and mappings that a new installation starts with. They are data like any other: change or delete them.
INSERT INTO groups (id, name, description) VALUES
    ('f2deb40b-4fc1-565e-8c01-002db166d8de', 'superusers', 'Everything, on every model'),
    ('f4de8f6e-c83b-535c-bffe-39f72cd440cb', 'staff', 'May open the admin pages'),
    ('67e77d9c-17a9-5811-84d7-1553e4702997', 'account-managers', 'See accounts, switch them on and off'),
    ('d46828cc-2a50-59a2-8646-c76d4591b6a8', 'group-managers', 'Manage groups and role mappings'),
    ('ecfb0ac6-8e23-547f-bedf-da771c776000', 'book-editors', 'View, add, change and delete books'),
    ('0865c424-bc74-55fa-bb1f-b5946c5b72dd', 'book-readers', 'View books');

INSERT INTO group_permissions (group_id, permission) VALUES
    ('f2deb40b-4fc1-565e-8c01-002db166d8de', '*:*'),
    ('f4de8f6e-c83b-535c-bffe-39f72cd440cb', 'admin:view'),
    ('67e77d9c-17a9-5811-84d7-1553e4702997', 'account:view'),
    ('67e77d9c-17a9-5811-84d7-1553e4702997', 'account:change'),
    ('d46828cc-2a50-59a2-8646-c76d4591b6a8', 'account:view'),
    ('d46828cc-2a50-59a2-8646-c76d4591b6a8', 'group:*'),
    ('d46828cc-2a50-59a2-8646-c76d4591b6a8', 'role-mapping:*'),
    ('ecfb0ac6-8e23-547f-bedf-da771c776000', 'book:view'),
    ('ecfb0ac6-8e23-547f-bedf-da771c776000', 'book:add'),
    ('ecfb0ac6-8e23-547f-bedf-da771c776000', 'book:change'),
    ('ecfb0ac6-8e23-547f-bedf-da771c776000', 'book:delete'),
    ('0865c424-bc74-55fa-bb1f-b5946c5b72dd', 'book:view');

-- @Resource is the client id of this API in Keycloak: the client that owns the client roles.
INSERT INTO role_mappings (id, kind, client, name, group_id) VALUES
    ('764cf386-869a-59dc-a184-cceefadd2e2b', 'realm-role', '', 'superuser', 'f2deb40b-4fc1-565e-8c01-002db166d8de'),
    ('d1fc3e97-8505-5833-bb9c-95be0f3c01d5', 'realm-role', '', 'staff', 'f4de8f6e-c83b-535c-bffe-39f72cd440cb'),
    ('f08f96e5-9a82-59e3-8c91-7ae8cd6b69fb', 'client-role', @Resource, 'group-manager', 'd46828cc-2a50-59a2-8646-c76d4591b6a8'),
    ('c1383c16-a943-5f46-9d95-a27ba5c29406', 'client-role', @Resource, 'book-editor', 'ecfb0ac6-8e23-547f-bedf-da771c776000'),
    ('c72ad4b4-fd5a-59ba-bf40-94aefd33f8ef', 'client-role', @Resource, 'book-reader', '0865c424-bc74-55fa-bb1f-b5946c5b72dd'),
    ('c084a1d4-0ade-5b51-92fe-eef4237eeadf', 'keycloak-group', '', '/operations/leads', '67e77d9c-17a9-5811-84d7-1553e4702997');
