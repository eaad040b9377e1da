using System.Buffers.Text;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dapper;
using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Accounts;

/// <summary>A link that was issued, and what became of it. The name is that of now; none of an account that has been deleted.</summary>
internal sealed record BreakGlassLink
{
    public required Guid Id { get; init; }

    public Guid? AccountId { get; init; }

    public string? Username { get; init; }

    public required string IssuedBy { get; init; }

    public required string Reason { get; init; }

    public required DateTimeOffset IssuedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    public DateTimeOffset? UsedAt { get; init; }

    public string? UsedFrom { get; init; }
}

/// <summary>The browser that comes with a link.</summary>
internal sealed record BreakGlassVisit(string RequestId, string? Address, string? UserAgent, string? ReplacedKey);

/// <summary>
/// Links by which an account signs in once without Keycloak. The session is what Keycloak said of the account last, lasts for an hour at
/// most, and is never refreshed. Nothing here asks the realm.
/// </summary>
internal sealed class BreakGlassLinks(
    Database database,
    AuditLog audit,
    SubjectStore subjects,
    SessionStore sessions,
    SessionLimits limits,
    IOptions<KeycloakOptions> keycloak,
    TimeProvider clock)
{
    public const string IssueAction = "issue-break-glass";
    public const string UseAction = "use-break-glass";
    public const string RefuseAction = "refuse-break-glass";

    public static readonly TimeSpan GoodFor = TimeSpan.FromMinutes(10);

    public static readonly TimeSpan LongestSession = TimeSpan.FromHours(1);

    /// <summary>For as long it is shown to those who look after the service.</summary>
    public static readonly TimeSpan ShownFor = TimeSpan.FromDays(30);

    private const int SecretBytes = 32;
    private const int LongestReason = 500;
    private const int MostShown = 5;

    /// <summary>What the link holds. It is kept nowhere.</summary>
    public async Task<string> IssueAsync(Account account, Actor actor, CancellationToken cancellationToken)
    {
        const string sql = """
            DELETE FROM break_glass_links WHERE issued_at < @forgetBefore;
            INSERT INTO break_glass_links (id, secret_hash, account_id, issued_by, reason, issued_at, expires_at)
            VALUES (@id, @hash, @account, @by, @reason, @now, @expiresAt)
            """;
        var secret = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));
        var now = clock.GetUtcNow();
        var (id, expiresAt) = (Guid.CreateVersion7(now), now + GoodFor);
        var values = new
        {
            id,
            hash = Hash(secret),
            account = account.Id,
            by = actor.Name,
            reason = ShortText.Cut(actor.Reason ?? "", LongestReason),
            now,
            expiresAt,
            forgetBefore = now - ShownFor,
        };
        await database.WriteAsync(
            async write =>
            {
                await write.Connection.ExecuteAsync(Command(write, sql, values, cancellationToken));
                await RecordAsync(write, actor, (account.Id, account.Username, id), IssueAction, ("expiresAt", expiresAt));
                await write.CommitAsync();
            },
            cancellationToken);
        return secret;
    }

    /// <summary>The key of the session that it opens; none where the link is not good, or not any more.</summary>
    public async Task<string?> UseAsync(string secret, BreakGlassVisit visit, CancellationToken cancellationToken)
    {
        // Of two at once, on whichever instances, one finds the row as it was: the other waits for it, and looks again.
        const string use = """
            UPDATE break_glass_links
            SET used_at = @now, used_from = @Address
            WHERE secret_hash = @hash AND used_at IS NULL AND expires_at > @now AND EXISTS (
                SELECT 1 FROM accounts a
                WHERE a.id = account_id AND a.enabled = @enabled AND a.issuer = @issuer AND a.kind = 'person')
            RETURNING id
            """;
        const string find = """
            SELECT l.id, l.account_id, a.username, a.issuer, a.subject, a.email, a.name, a.enabled, l.expires_at, l.used_at
            FROM break_glass_links l
            JOIN accounts a ON a.id = l.account_id
            WHERE l.secret_hash = @hash
            """;
        if (secret.Length != Base64Url.GetEncodedLength(SecretBytes) || !Base64Url.IsValid(secret))
        {
            return null;
        }

        var issuer = keycloak.Value.Issuer;
        var now = clock.GetUtcNow();
        var values = new { hash = Hash(secret), now, visit.Address, enabled = true, issuer };
        return await database.WriteAsync(
            async write =>
            {
                if (await write.Connection.QuerySingleOrDefaultAsync<Row>(Command(write, find, values, cancellationToken)) is not { } row)
                {
                    return null;
                }

                var link = (row.AccountId, row.Username, row.Id);
                var isUsed = await write.Connection.QuerySingleOrDefaultAsync<Guid?>(Command(write, use, values, cancellationToken));
                var started = isUsed is null || await subjects.FindAccountAsync(row.AccountId, cancellationToken) is not { } subject
                    ? null
                    : await sessions.AddAsync(
                        write, await NewSessionAsync(write, row, subject, visit, cancellationToken), cancellationToken);
                if (started is null)
                {
                    var because = !row.Enabled ? "disabled"
                        : row.Issuer != issuer ? "of another realm"
                        : row.UsedAt is null && row.ExpiresAt <= now ? "expired"
                        : "used";
                    var somebody = new Actor(AccountId: null, visit.Address ?? "somebody", Actor.Session, visit.RequestId);
                    await RecordAsync(write, somebody, link, RefuseAction, ("because", because));
                }
                else
                {
                    await RecordAsync(
                        write,
                        new Actor(row.AccountId, row.Username, Actor.Session, visit.RequestId),
                        link,
                        UseAction,
                        ("address", visit.Address));
                }

                await write.CommitAsync();
                return started?.Key;
            },
            cancellationToken);
    }

    /// <summary>The newest of the last month.</summary>
    public async Task<IReadOnlyList<BreakGlassLink>> ListAsync(CancellationToken cancellationToken)
    {
        const string sql = """
            SELECT l.id, l.account_id, a.username, l.issued_by, l.reason, l.issued_at, l.expires_at, l.used_at, l.used_from
            FROM break_glass_links l
            LEFT JOIN accounts a ON a.id = l.account_id
            WHERE l.issued_at >= @since
            ORDER BY l.issued_at DESC, l.id DESC
            LIMIT @most
            """;
        await using var connection = await database.OpenAsync(cancellationToken);
        return (await connection.QueryAsync<BreakGlassLink>(new CommandDefinition(
            sql, new { since = clock.GetUtcNow() - ShownFor, most = MostShown }, cancellationToken: cancellationToken))).AsList();
    }

    // Without iat, nothing of it is written down as if Keycloak had said it now.
    private async Task<NewSession> NewSessionAsync(
        WriteTransaction write, Row row, KnownSubject subject, BreakGlassVisit visit, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var user = new ClaimsPrincipal(new ClaimsIdentity(
            [
                new("iss", row.Issuer),
                new("sub", row.Subject),
                new("azp", keycloak.Value.SignIn.Resource),
                new("preferred_username", row.Username),
                .. row.Email is { } email ? [new Claim("email", email)] : Array.Empty<Claim>(),
                .. row.Name is { } name ? [new Claim("name", name)] : Array.Empty<Claim>(),
                .. RoleClaims(subject.Roles),
                new(SessionHandler.BreakGlass, row.Id.ToString()),
            ],
            Schemes.SignIn,
            "preferred_username",
            "none"));
        var identity = KeycloakIdentity.Read(user, out var mistake) ?? throw new InvalidOperationException(mistake);
        // What the newest sign-in has shown of the realm's clock stays as it is.
        var ahead = await EndedSessionStore.AheadAsync(write, row.Issuer, cancellationToken);
        var expiresAt = now + (LongestSession < limits.Lifetime ? LongestSession : limits.Lifetime);
        return new NewSession
        {
            Identity = identity with { IssuedAt = now + ahead - TimeSpan.FromSeconds(1) },
            StartedAt = now,
            ExpiresAt = expiresAt,
            Ticket = new AuthenticationTicket(user, new AuthenticationProperties(), Schemes.Session),
            Tokens = new SessionTokens(now, expiresAt, RefreshableUntil: null),
            ReplacedKey = visit.ReplacedKey,
            Address = visit.Address,
            UserAgent = visit.UserAgent,
        };
    }

    // As a token would name them.
    private static IEnumerable<Claim> RoleClaims(IReadOnlyList<KeycloakRole> roles)
    {
        var realm = roles.Where(role => role.Kind == RoleKind.RealmRole).Select(role => role.Name).ToArray();
        if (realm.Length > 0)
        {
            yield return new Claim("realm_access", JsonSerializer.Serialize(new { roles = realm }));
        }

        var clients = roles.Where(role => role.Kind == RoleKind.ClientRole)
            .GroupBy(role => role.Client, role => role.Name, StringComparer.Ordinal)
            .ToDictionary(client => client.Key, client => new { roles = client.ToArray() }, StringComparer.Ordinal);
        if (clients.Count > 0)
        {
            yield return new Claim("resource_access", JsonSerializer.Serialize(clients));
        }

        foreach (var group in roles.Where(role => role.Kind == RoleKind.KeycloakGroup))
        {
            yield return new Claim("groups", group.Name);
        }
    }

    private Task RecordAsync(
        WriteTransaction write,
        Actor actor,
        (Guid Account, string Username, Guid Link) about,
        string action,
        (string Name, object? Value) more)
    {
        var values = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["username"] = about.Username,
            ["link"] = about.Link,
            [more.Name] = more.Value,
        };
        return audit.RecordAsync(
            write.Connection,
            write.Transaction,
            actor,
            new AuditChange(AccountPermissions.Model, about.Account.ToString(), action, Before: null, values),
            CancellationToken.None);
    }

    // The secret is random, so nothing needs to make guessing slower.
    private static string Hash(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));

    private static CommandDefinition Command(WriteTransaction write, string sql, object values, CancellationToken cancellationToken) =>
        new(sql, values, write.Transaction, cancellationToken: cancellationToken);

    private sealed record Row
    {
        public required Guid Id { get; init; }

        public required Guid AccountId { get; init; }

        public required string Username { get; init; }

        public required string Issuer { get; init; }

        public required string Subject { get; init; }

        public string? Email { get; init; }

        public string? Name { get; init; }

        public required bool Enabled { get; init; }

        public required DateTimeOffset ExpiresAt { get; init; }

        public DateTimeOffset? UsedAt { get; init; }
    }
}
