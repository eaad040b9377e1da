using System.Security.Cryptography;
using System.Text;
using Dapper;
using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Permissions;

/// <summary>
/// Reads the account of a caller who is not known, or not for sure. It also writes it at first sight and keeps its names as Keycloak has
/// them.
/// </summary>
internal sealed partial class CallerStore(
    Database database,
    SharedWrites writes,
    AuditLog audit,
    LastSeenLog lastSeen,
    IOptions<AccountOptions> options,
    TimeProvider clock,
    ILogger<CallerStore> logger)
{
    // Writing at every request when somebody was last seen would make every read a write.
    public static readonly TimeSpan SeenEvery = TimeSpan.FromMinutes(1);

    // What a token says anew is written at the next request too, so this one waits for no lock.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250);

    private long _saidAt;

    public async Task<CallerRecord> ProvisionAsync(KeycloakIdentity identity, string requestId, CancellationToken cancellationToken)
    {
        // A clock that is ahead must not make a token newer than those that follow it.
        var now = clock.GetUtcNow();
        identity = identity.IssuedAt > now ? identity with { IssuedAt = now } : identity;
        var rows = await ReadAsync(identity, cancellationToken);
        if (rows[0].Id is null)
        {
            await writes.RunAsync(write => InsertAsync(write, identity, requestId), cancellationToken);
            rows = await ReadAsync(identity, cancellationToken);
        }

        // A newer token that says the same counts too, else an older one that says otherwise would pass for the newest.
        var account = rows[0];
        var isWritten = true;
        var noted = lastSeen.Find(account.Id!.Value);
        var hasNewestNames = !(identity.IssuedAt <= (noted?.Names?.IssuedAt ?? NotAfter(now, account.NamesIssuedAt)));
        var note = new LastSeen(now, hasNewestNames ? (account.NamesIssuedAt, identity.IssuedAt) : null);
        if (hasNewestNames && NamesOf(identity, account) != account.Names)
        {
            isWritten &= await TryWriteAsync(
                write => RenameAsync(write, account, identity, requestId), cancellationToken);
        }
        else if (now - (noted?.At ?? account.LastSeenAt) >= SeenEvery)
        {
            lastSeen.Add(account.Id.Value, note);
        }

        // A token without role claims takes none away. That a newer one says the same is kept to the minute, not at each call.
        var rolesIssuedAt = noted?.Roles?.IssuedAt ?? NotAfter(now, account.RolesIssuedAt);
        if (identity.HasRoleClaims && !(identity.IssuedAt <= rolesIssuedAt))
        {
            var hash = Hash(identity.Roles);
            note = note with { Roles = (hash, identity.IssuedAt) };
            if (!string.Equals(hash, account.RolesHash, StringComparison.Ordinal))
            {
                isWritten &= await TryWriteAsync(
                    write => RecordRolesAsync(write, account, identity, hash, requestId), cancellationToken);
            }
            else if (identity.IssuedAt - rolesIssuedAt >= SeenEvery)
            {
                lastSeen.Add(account.Id.Value, new LastSeen(now, Roles: (hash, identity.IssuedAt)));
            }
        }

        return new CallerRecord(
            account.Id!.Value,
            account.Enabled!.Value,
            account.RulesVersion,
            [.. rows.Where(row => row.GroupId is not null).Select(row => new DirectGroup(row.GroupId!.Value, row.EndsAt))])
        {
            IsWritten = isWritten,
            Note = note,
        };
    }

    // What a token of the future has left behind counts for nothing.
    private static DateTimeOffset? NotAfter(DateTimeOffset now, DateTimeOffset? issuedAt) => issuedAt > now ? null : issuedAt;

    private async Task<List<Row>> ReadAsync(KeycloakIdentity identity, CancellationToken cancellationToken)
    {
        const string sql = $"""
            SELECT v.version AS rules_version, a.id, a.enabled, a.kind, a.username, a.email, a.name, a.names_issued_at, a.last_seen_at,
                a.roles_hash, a.roles_issued_at, m.group_id, m.ends_at
            FROM access_version v
            LEFT JOIN accounts a ON a.issuer = @Issuer AND a.subject = @Subject
            LEFT JOIN group_members m ON m.account_id = a.id AND {DirectGroup.IsOpen}
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        return (await connection.QueryAsync<Row>(new CommandDefinition(
            sql, new { identity.Issuer, identity.Subject, now = clock.GetUtcNow() }, cancellationToken: cancellationToken))).AsList();
    }

    private async Task InsertAsync(WriteTransaction write, KeycloakIdentity identity, string requestId)
    {
        const string sql = """
            INSERT INTO accounts (
                id, issuer, subject, kind, username, email, name, names_issued_at, enabled, disabled_because, created_at, last_seen_at)
            VALUES (@id, @Issuer, @Subject, @Kind, @Username, @Email, @Name, @IssuedAt, @enabled, @because, @now, @now)
            ON CONFLICT (issuer, subject) DO NOTHING
            """;
        var id = Guid.CreateVersion7(clock.GetUtcNow());
        var names = NamesOf(identity);
        var (connection, transaction) = (write.Connection, write.Transaction);
        var who = (identity.Issuer, identity.Subject);
        var because = await FirstSight.FindObstacleAsync(connection, transaction, who, CancellationToken.None)
            ?? (options.Value.EnabledByDefault ? null : FirstSight.Waiting);
        var added = await connection.ExecuteAsync(new CommandDefinition(
            sql,
            new
            {
                id,
                identity.Issuer,
                identity.Subject,
                names.Kind,
                names.Username,
                names.Email,
                names.Name,
                identity.IssuedAt,
                enabled = because is null,
                because,
                now = clock.GetUtcNow(),
            },
            transaction));
        if (added > 0)
        {
            var values = Values(names);
            values["issuer"] = identity.Issuer;
            values["subject"] = identity.Subject;
            values["enabled"] = because is null;
            var change = new AuditChange(AccountPermissions.Model, id.ToString(), Permission.Add, Before: null, values);
            var actor = ActorOf(id, identity, requestId).Because(because);
            await audit.RecordAsync(connection, transaction, actor, change, CancellationToken.None);
            if (identity.HasRoleClaims)
            {
                var account = new Row { RulesVersion = 0, Id = id, Username = names.Username };
                await RecordRolesAsync(write, account, identity, Hash(identity.Roles), requestId);
            }
        }

        if (added > 0 && because is not null)
        {
            LogDisabled(id, because);
        }
    }

    // While the database takes no writes, who can be read is still answered.
    private async Task<bool> TryWriteAsync(Func<WriteTransaction, Task> write, CancellationToken cancellationToken)
    {
        try
        {
            await writes.RunAsync(write, cancellationToken).WaitAsync(Patience, clock, cancellationToken);
            return true;
        }
        catch (Exception exception) when (exception is TimeoutException || DatabaseOutage.IsOutage(exception))
        {
            // Once a second, however many requests there are.
            var (said, now) = (Interlocked.Read(ref _saidAt), clock.GetUtcNow().Ticks / TimeSpan.TicksPerSecond);
            if (said != now && Interlocked.CompareExchange(ref _saidAt, now, said) == said)
            {
                LogNotWritten(exception.Message);
            }

            return false;
        }
    }

    // Only by the newest token: two clients of one account may show different names, and would take turns at every request.
    private async Task RenameAsync(WriteTransaction write, Row row, KeycloakIdentity identity, string requestId)
    {
        const string sql = """
            UPDATE accounts
            SET kind = @Kind,
                username = @Username,
                email = @Email,
                name = @Name,
                names_issued_at = @IssuedAt,
                last_seen_at = @now
            WHERE id = @id
              AND kind = @oldKind
              AND username = @oldUsername
              AND email IS NOT DISTINCT FROM @oldEmail
              AND name IS NOT DISTINCT FROM @oldName
              AND (names_issued_at IS NULL OR names_issued_at < @IssuedAt OR names_issued_at > @now)
            """;
        var (id, before, after) = (row.Id!.Value, row.Names, NamesOf(identity, row));
        var values = new
        {
            id,
            after.Kind,
            after.Username,
            after.Email,
            after.Name,
            identity.IssuedAt,
            now = clock.GetUtcNow(),
            oldKind = before.Kind,
            oldUsername = before.Username,
            oldEmail = before.Email,
            oldName = before.Name,
        };
        var (connection, transaction) = (write.Connection, write.Transaction);
        // None where another request was first, which has written the change.
        var changed = await connection.ExecuteAsync(new CommandDefinition(sql, values, transaction));
        if (changed > 0)
        {
            var change = new AuditChange(AccountPermissions.Model, id.ToString(), Permission.Change, Values(before), Values(after));
            await audit.RecordAsync(connection, transaction, ActorOf(id, identity, requestId), change, CancellationToken.None);
        }
    }

    // Signing in is what changes the account, so the account itself is who did it.
    private static Actor ActorOf(Guid id, KeycloakIdentity identity, string requestId) =>
        new(id, identity.Username ?? identity.Subject, identity.IsSession ? Actor.Session : Actor.Bearer, requestId);

    // A lightweight token of a service does not say that it is one.
    private static AccountNames NamesOf(KeycloakIdentity identity, Row? known = null) => new(
        identity.Kind == AccountKind.Service ? "service" : identity.IsLightweight && known is not null ? known.Kind! : "person",
        identity.Username ?? known?.Username ?? identity.Subject,
        identity.Email ?? known?.Email,
        identity.Name ?? known?.Name);

    private static Dictionary<string, object?> Values(AccountNames names) => new(StringComparer.Ordinal)
    {
        ["kind"] = names.Kind,
        ["username"] = names.Username,
        ["email"] = names.Email,
        ["name"] = names.Name,
    };

    private async Task RecordRolesAsync(WriteTransaction write, Row account, KeycloakIdentity identity, string hash, string requestId)
    {
        const string mark = """
            UPDATE accounts
            SET roles_hash = @hash, roles_issued_at = @IssuedAt
            WHERE id = @Id AND (roles_issued_at IS NULL OR roles_issued_at < @IssuedAt OR roles_issued_at > @now)
            """;
        const string previous = """
            SELECT r.kind, r.client, r.name
            FROM account_roles a
            JOIN observed_roles r ON r.id = a.role_id
            WHERE a.account_id = @Id
            """;
        const string name = """
            INSERT INTO observed_roles (kind, client, name, first_observed_at)
            VALUES (@Kind, @Client, @Name, @now)
            ON CONFLICT DO NOTHING
            """;
        const string give = """
            INSERT INTO account_roles (account_id, role_id)
            SELECT @Id, r.id FROM observed_roles r WHERE r.kind = @Kind AND r.client = @Client AND r.name = @Name
            """;
        var (connection, transaction) = (write.Connection, write.Transaction);
        if (await ExecuteAsync(mark, new { hash, identity.IssuedAt, account.Id, now = clock.GetUtcNow() }) == 0)
        {
            return;
        }

        var before = (await connection.QueryAsync<RoleRow>(new CommandDefinition(
            previous, new { account.Id }, transaction)))
            .Select(row => new KeycloakRole(RoleKinds.Parse(row.Kind), row.Client, row.Name))
            .ToHashSet();
        await ExecuteAsync("DELETE FROM account_roles WHERE account_id = @Id", new { account.Id });
        // In one order, so that two transactions never wait for each other's new names.
        var rows = identity.Roles
            .OrderBy(role => role.ToString(), StringComparer.Ordinal)
            .Select(role => new { account.Id, Kind = RoleKinds.Write(role.Kind), role.Client, role.Name, now = clock.GetUtcNow() })
            .ToArray();
        await ExecuteAsync(name, rows);
        await ExecuteAsync(give, rows);
        if (!before.SetEquals(identity.Roles))
        {
            var id = account.Id!.Value;
            var actor = ActorOf(id, identity, requestId) with { Name = account.Username! };
            var change = new AuditChange(
                AccountPermissions.Model, id.ToString(), Permission.Change, Values(before), Values(identity.Roles));
            await audit.RecordAsync(connection, transaction, actor, change, CancellationToken.None);
        }

        Task<int> ExecuteAsync(string sql, object values) =>
            connection.ExecuteAsync(new CommandDefinition(sql, values, transaction));
    }

    private static Dictionary<string, object?> Values(IEnumerable<KeycloakRole> roles) => new(StringComparer.Ordinal)
    {
        ["roles"] = roles.Select(role => role.ToString()).Order(StringComparer.Ordinal).ToArray(),
    };

    public static string Hash(IEnumerable<KeycloakRole> roles)
    {
        var lines = roles.Select(role => $"{RoleKinds.Write(role.Kind)}\0{role.Client}\0{role.Name}");
        var text = string.Join('\n', lines.Order(StringComparer.Ordinal));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The new account {Id} is disabled: {Reason}")]
    private partial void LogDisabled(Guid id, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "An account could not be brought up to date: {Reason}")]
    private partial void LogNotWritten(string reason);

    private sealed record Row
    {
        public required long RulesVersion { get; init; }

        public Guid? Id { get; init; }

        public bool? Enabled { get; init; }

        public string? Kind { get; init; }

        public string? Username { get; init; }

        public string? Email { get; init; }

        public string? Name { get; init; }

        public DateTimeOffset? NamesIssuedAt { get; init; }

        public DateTimeOffset? LastSeenAt { get; init; }

        public string? RolesHash { get; init; }

        public DateTimeOffset? RolesIssuedAt { get; init; }

        public Guid? GroupId { get; init; }

        public DateTimeOffset? EndsAt { get; init; }

        public AccountNames Names => new(Kind!, Username!, Email, Name);
    }

    private sealed record RoleRow
    {
        public required string Kind { get; init; }

        public required string Client { get; init; }

        public required string Name { get; init; }
    }
}

/// <summary>What Keycloak says of an account. A name that a token lacks stays as it was.</summary>
internal sealed record AccountNames(string Kind, string Username, string? Email, string? Name);

/// <summary>Of groups, those that the account was put into directly.</summary>
internal sealed record CallerRecord(Guid AccountId, bool Enabled, long RulesVersion, IReadOnlyList<DirectGroup> Groups)
{
    /// <summary>Whether the account is as the caller's token says.</summary>
    public required bool IsWritten { get; init; }

    /// <summary>What is noted when the same caller comes again later.</summary>
    public required LastSeen Note { get; init; }
}

/// <summary>How local accounts come to be: section <c>Accounts</c>.</summary>
public sealed class AccountOptions
{
    /// <summary>The name of the configuration section.</summary>
    public const string Section = "Accounts";

    /// <summary>
    /// Whether an account is enabled when it is first seen. With <see langword="false"/>, somebody with
    /// <c>account:change</c> must enable each new one. Default <see langword="true"/>.
    /// </summary>
    public bool EnabledByDefault { get; set; } = true;
}
