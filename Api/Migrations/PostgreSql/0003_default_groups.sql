-- Formerly: 0004_default_access
-- The groups and mappings of the models that a new installation starts with. They are data like any other: change or delete them.
INSERT INTO groups (id, name, description) VALUES
    ('ecfb0ac6-8e23-547f-bedf-da771c776000', 'book-editors', 'View, add, change and delete books'),
    ('0865c424-bc74-55fa-bb1f-b5946c5b72dd', 'book-readers', 'View books');

INSERT INTO group_permissions (group_id, permission) VALUES
    ('ecfb0ac6-8e23-547f-bedf-da771c776000', 'author:view'),
    ('ecfb0ac6-8e23-547f-bedf-da771c776000', 'author:add'),
    ('ecfb0ac6-8e23-547f-bedf-da771c776000', 'author:change'),
    ('ecfb0ac6-8e23-547f-bedf-da771c776000', 'author:delete'),
    ('ecfb0ac6-8e23-547f-bedf-da771c776000', 'book:view'),
    ('ecfb0ac6-8e23-547f-bedf-da771c776000', 'book:add'),
    ('ecfb0ac6-8e23-547f-bedf-da771c776000', 'book:change'),
    ('ecfb0ac6-8e23-547f-bedf-da771c776000', 'book:delete'),
    ('ecfb0ac6-8e23-547f-bedf-da771c776000', 'book:publish'),
    ('0865c424-bc74-55fa-bb1f-b5946c5b72dd', 'author:view'),
    ('0865c424-bc74-55fa-bb1f-b5946c5b72dd', 'book:view');

-- @Resource is the client id of this API in Keycloak: the client that owns the client roles.
INSERT INTO role_mappings (id, kind, client, name, group_id) VALUES
    ('c1383c16-a943-5f46-9d95-a27ba5c29406', 'client-role', @Resource, 'book-editor', 'ecfb0ac6-8e23-547f-bedf-da771c776000'),
    ('c72ad4b4-fd5a-59ba-bf40-94aefd33f8ef', 'client-role', @Resource, 'book-reader', '0865c424-bc74-55fa-bb1f-b5946c5b72dd');
