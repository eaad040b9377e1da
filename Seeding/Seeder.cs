using System.Data;
using System.Data.Common;
using Dapper;
using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;

namespace Seeding;

/// <summary>All of it, or nothing: one transaction.</summary>
internal sealed class Seeder(Database database, KeycloakOptions keycloak, TimeProvider clock)
{
    private static readonly BulkTable Roles = new(
        "observed_roles",
        ("kind", BulkType.Text),
        ("client", BulkType.Text),
        ("name", BulkType.Text),
        ("first_observed_at", BulkType.Instant))
    { Conflict = "ON CONFLICT DO NOTHING" };

    private static readonly BulkTable Groups = new("groups", ("id", BulkType.Id), ("name", BulkType.Text), ("description", BulkType.Text));

    private static readonly BulkTable GroupPermissions = new(
        "group_permissions", ("group_id", BulkType.Id), ("permission", BulkType.Text), ("denied", BulkType.Truth));

    private static readonly BulkTable Mappings = new(
        "role_mappings", ("id", BulkType.Id), ("kind", BulkType.Text), ("client", BulkType.Text), ("name", BulkType.Text),
        ("group_id", BulkType.Id))
    {
        // A mapping of an earlier seed to an existing group may be the same.
        Conflict = "ON CONFLICT (kind, client, name, group_id) DO NOTHING",
    };

    private static readonly BulkTable Accounts = new(
        "accounts", ("id", BulkType.Id), ("issuer", BulkType.Text), ("subject", BulkType.Text), ("kind", BulkType.Text),
        ("username", BulkType.Text), ("email", BulkType.Text), ("name", BulkType.Text), ("enabled", BulkType.Truth),
        ("created_at", BulkType.Instant), ("last_seen_at", BulkType.Instant), ("names_issued_at", BulkType.Instant),
        ("roles_hash", BulkType.Text), ("roles_issued_at", BulkType.Instant));

    private static readonly BulkTable AccountRoles = new("account_roles", ("account_id", BulkType.Id), ("role_id", BulkType.BigNumber));

    private static readonly BulkTable Members = new("group_members", ("group_id", BulkType.Id), ("account_id", BulkType.Id));

    private static readonly BulkTable Authors = new(
        "authors", ("id", BulkType.Id), ("name", BulkType.Text), ("born_on", BulkType.Date), ("died_on", BulkType.Date),
        ("website", BulkType.Text));

    private static readonly BulkTable Books = new(
        "books", ("id", BulkType.Id), ("title", BulkType.Text), ("author_id", BulkType.Id), ("isbn", BulkType.Text),
        ("published_on", BulkType.Date));

    private static readonly BulkTable Sessions = new(
        "sessions", ("id", BulkType.Id), ("issuer", BulkType.Text), ("session_id", BulkType.Text), ("subject", BulkType.Text),
        ("username", BulkType.Text), ("started_at", BulkType.Instant), ("issued_at", BulkType.Instant), ("expires_at", BulkType.Instant),
        ("address", BulkType.Text), ("user_agent", BulkType.Text), ("key_hash", BulkType.Text), ("ticket", BulkType.Text),
        ("used_at", BulkType.Instant), ("tokens_at", BulkType.Instant), ("tokens_until", BulkType.Instant));

    private static readonly BulkTable Keys = new(
        "realm_keys", ("issuer", BulkType.Text), ("key_id", BulkType.Text), ("algorithm", BulkType.Text),
        ("first_seen_at", BulkType.Instant), ("last_seen_at", BulkType.Instant));

    private static readonly BulkTable Tokens = new(
        "client_tokens", ("issuer", BulkType.Text), ("client_id", BulkType.Text), ("code", BulkType.Text), ("audiences", BulkType.Text),
        ("scopes", BulkType.Text), ("roles", BulkType.Number), ("has_role_claims", BulkType.Truth),
        ("lifetime_seconds", BulkType.Number), ("algorithm", BulkType.Text), ("seen_at", BulkType.Instant))
    { Conflict = "ON CONFLICT (issuer, client_id) DO NOTHING" };

    private static readonly BulkTable Activity = new(
        "request_counters", ("series", BulkType.Text), ("slot", BulkType.Text), ("item", BulkType.Text), ("amount", BulkType.BigNumber))
    {
        Conflict = "ON CONFLICT (series, slot, item) DO UPDATE SET amount = request_counters.amount + excluded.amount",
    };

    private static readonly BulkTable Audit = new(
        "audit_log", ("id", BulkType.Id), ("at", BulkType.Instant), ("kind", BulkType.Text), ("account_id", BulkType.Id),
        ("account", BulkType.Text), ("method", BulkType.Text), ("request_id", BulkType.Text), ("model", BulkType.Text),
        ("row_id", BulkType.Text), ("action", BulkType.Text), ("old_values", BulkType.Text), ("new_values", BulkType.Text),
        ("reason", BulkType.Text), ("permission", BulkType.Text), ("code", BulkType.Text), ("scope", BulkType.Text),
        ("missing_permissions", BulkType.Text), ("http_method", BulkType.Text), ("path", BulkType.Text), ("count", BulkType.Number),
        ("last_at", BulkType.Instant));

    /// <summary>
    /// False if this seed was added before. <c>progress</c> gets the table, the expected number of rows (null when it is complete), and
    /// the number written.
    /// </summary>
    public async Task<bool> SeedAsync(SeedSize size, Action<string, long?, long> progress, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenToWriteAsync(cancellationToken);
        if (database.Engine == DatabaseEngine.Sqlite)
        {
            // In KiB: randomly placed index entries would otherwise cause disk access for each row.
            await connection.ExecuteAsync(new CommandDefinition("PRAGMA cache_size = -400000", cancellationToken: cancellationToken));
        }

        await using (var transaction = await Database.BeginWriteAsync(connection, cancellationToken))
        {
            if (await WasHereAsync(connection, transaction, size, cancellationToken))
            {
                return false;
            }

            var data = new SeedData(size, await GroundAsync(connection, transaction, cancellationToken), keycloak, clock.GetUtcNow());
            await WriteAsync(data, size, new Writing(connection, transaction, progress, cancellationToken));
            await transaction.CommitAsync(cancellationToken);
        }

        if (database.Engine == DatabaseEngine.PostgreSql)
        {
            // Until autovacuum runs, the planner takes the tables for empty. Dapper takes a single word for a procedure, hence the type.
            await connection.ExecuteAsync(new CommandDefinition(
                "ANALYZE", commandTimeout: 600, commandType: CommandType.Text, cancellationToken: cancellationToken));
        }

        return true;
    }

    private async Task<bool> WasHereAsync(
        DbConnection connection, DbTransaction transaction, SeedSize size, CancellationToken cancellationToken) =>
        await connection.ExecuteScalarAsync<long>(new CommandDefinition(
            "SELECT COUNT(*) FROM realm_keys WHERE issuer = @Issuer AND key_id = @key",
            new { keycloak.Issuer, key = SeedData.FirstKeyOf(size.Seed) },
            transaction,
            cancellationToken: cancellationToken)) > 0;

    private static async Task<SeedGround> GroundAsync(
        DbConnection connection, DbTransaction transaction, CancellationToken cancellationToken)
    {
        var usernames = await connection.QueryAsync<string>(new CommandDefinition(
            "SELECT username FROM accounts", transaction: transaction, cancellationToken: cancellationToken));
        var groups = await connection.QueryAsync<(Guid Id, string Name)>(new CommandDefinition(
            "SELECT id, name FROM groups", transaction: transaction, cancellationToken: cancellationToken));
        return new SeedGround(usernames, groups.ToDictionary(group => group.Name, group => group.Id, StringComparer.Ordinal));
    }

    private async Task WriteAsync(SeedData data, SeedSize size, Writing writing)
    {
        await writing.AddAsync(
            "groups", Groups, data.Groups.Count, data.Groups.Select(group => new object?[] { group.Id, group.Name, group.Description }));
        var permissions = data.Groups.Sum(group => group.Granted.Count + group.Denied.Count);
        await writing.AddAsync("permissions of groups", GroupPermissions, permissions, data.Groups.SelectMany(group =>
            group.Granted.Select(permission => new object?[] { group.Id, permission, false })
                .Concat(group.Denied.Select(permission => new object?[] { group.Id, permission, true }))));
        await writing.AddAsync(
            "role mappings",
            Mappings,
            data.Mappings.Count,
            data.Mappings.Select(mapping => new object?[] { mapping.Id, mapping.Kind, mapping.Client, mapping.Name, mapping.GroupId }));
        await writing.AddAsync(
            "observed roles",
            Roles,
            data.Roles.Count,
            data.Roles.Select(role => new object?[] { RoleKinds.Write(role.Kind), role.Client, role.Name, data.Now.AddDays(-size.Days) }));
        await writing.AddAsync("accounts", Accounts, data.Accounts.Count, data.Accounts.Select(account => Row(account, data)));
        var ids = await RoleIdsAsync(data, writing);
        var roles = data.Accounts.Sum(account => account.Roles?.Count ?? 0);
        await writing.AddAsync("roles of accounts", AccountRoles, roles, data.Accounts.SelectMany(account =>
            (account.Roles ?? []).Select(role => new object?[] { account.Id, ids[role] })));
        List<(Guid GroupId, Guid AccountId)> members = [.. data.Members()];
        await writing.AddAsync(
            "direct members", Members, members.Count, members.Select(member => new object?[] { member.GroupId, member.AccountId }));
        await writing.AddAsync(
            "authors",
            Authors,
            data.Authors.Count,
            data.Authors.Select(author => new object?[] { author.Id, author.Name, author.BornOn, author.DiedOn, author.Website }));
        await writing.AddAsync(
            "books",
            Books,
            data.Books.Count,
            data.Books.Select(book => new object?[] { book.Id, book.Title, book.AuthorId, book.Isbn, book.PublishedOn }));
        List<object?[]> sessions = [.. data.Sessions()];
        await writing.AddAsync("sessions", Sessions, sessions.Count, sessions);
        await writing.AddAsync("keys of the realm", Keys, 4, data.Keys());
        await writing.AddAsync("tokens of clients", Tokens, data.Accounts.Count(account => account.IsService), data.Tokens());
        var history = new SeedHistory(data);
        List<object?[]> activity = [.. history.Activity()];
        await writing.AddAsync("request_counters", Activity, activity.Count, activity);
        await writing.AddAsync("audit log", Audit, size.Audit, history.Audit(size.Audit).Select(Row));
    }

    private object?[] Row(SeedAccount account, SeedData data) =>
    [
        account.Id, keycloak.Issuer, account.Subject, account.Kind, account.Username, account.Email, account.Name, account.Enabled,
        account.CreatedAt, account.LastSeenAt, account.LastSeenAt,
        account.Roles is null ? null : CallerStore.Hash(account.Roles.Select(role => data.Roles[role])),
        account.Roles is null ? null : account.LastSeenAt,
    ];

    private static object?[] Row(AuditRow row) =>
    [
        row.Id, row.At, row.Kind, row.AccountId, row.Account, row.Method, row.RequestId, row.Model, row.RowId, row.Action, row.OldValues,
        row.NewValues, row.Reason, row.Permission, row.Code, row.Scope,
        row.MissingPermissions, row.HttpMethod, row.Path, row.Count, row.LastAt,
    ];

    // The database assigns the ids, and some roles may exist already.
    private static async Task<IReadOnlyList<long>> RoleIdsAsync(SeedData data, Writing writing)
    {
        var rows = await writing.Connection.QueryAsync<(long Id, string Kind, string Client, string Name)>(new CommandDefinition(
            "SELECT id, kind, client, name FROM observed_roles",
            transaction: writing.Transaction,
            cancellationToken: writing.CancellationToken));
        var ids = rows.ToDictionary(row => new KeycloakRole(RoleKinds.Parse(row.Kind), row.Client, row.Name), row => row.Id);
        return [.. data.Roles.Select(role => ids[role])];
    }

    private sealed record Writing(
        DbConnection Connection, DbTransaction Transaction, Action<string, long?, long> Progress, CancellationToken CancellationToken)
    {
        public async Task AddAsync(string what, BulkTable table, long total, IEnumerable<object?[]> rows)
        {
            if (total > 0)
            {
                var written = await BulkInsert.WriteAsync(
                    Connection, Transaction, table, rows, done => Progress(what, total, done), CancellationToken);
                Progress(what, null, written);
            }
        }
    }
}
