using Dapper;
using KeycloakAccess.Data;

namespace KeycloakAccess.Permissions;

internal sealed record FoundAccount
{
    public required Guid Id { get; init; }

    public required string Subject { get; init; }

    public required string Username { get; init; }
}

/// <summary>Accounts as a transaction sees them, by what somebody else than their owner calls them.</summary>
internal static class AccountFinder
{
    private const string Columns = "id, subject, username";

    public static async Task<FoundAccount?> FindAsync(
        WriteTransaction write, string issuer, string subject, CancellationToken cancellationToken) =>
        (await ListAsync(write, "issuer = @issuer AND subject = @subject", new { issuer, subject }, cancellationToken)).SingleOrDefault();

    /// <summary>All of them: a realm may let several people have one address. Case does not count.</summary>
    public static Task<IReadOnlyList<FoundAccount>> ListByEmailAsync(
        WriteTransaction write, string issuer, string email, CancellationToken cancellationToken) =>
        ListAsync(write, "lower(email) = lower(@email) AND issuer = @issuer", new { issuer, email }, cancellationToken);

    private static async Task<IReadOnlyList<FoundAccount>> ListAsync(
        WriteTransaction write, string which, object values, CancellationToken cancellationToken) =>
        (await write.Connection.QueryAsync<FoundAccount>(new CommandDefinition(
            $"SELECT {Columns} FROM accounts WHERE {which} ORDER BY id", values, write.Transaction, cancellationToken: cancellationToken)))
        .AsList();
}
