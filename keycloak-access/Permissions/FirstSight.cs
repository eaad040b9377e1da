using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using Dapper;

namespace KeycloakAccess.Permissions;

/// <summary>
/// Whether an account that is seen for the first time is enabled, and why not. Somebody who was switched off stays off, whatever address
/// their realm has now and whether their account was deleted.
/// </summary>
internal static class FirstSight
{
    public const string Waiting = "New accounts are disabled until somebody enables them (Accounts:EnabledByDefault).";
    public const string Deleted = "It was disabled when it was deleted, and has come again.";

    public static string Former(string issuer) => $"It is disabled under the former issuer {issuer}.";

    public static string Hash(string subject) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(subject)));

    /// <summary><see langword="null"/> if it is enabled.</summary>
    public static async Task<string?> FindObstacleAsync(
        DbConnection connection, DbTransaction transaction, (string Issuer, string Subject) identity, CancellationToken cancellationToken)
    {
        const string former = """
            SELECT issuer FROM accounts
            WHERE subject = @Subject AND issuer <> @Issuer AND enabled = @no
            ORDER BY issuer
            LIMIT 1
            """;
        const string deleted = "SELECT enabled FROM deleted_accounts WHERE subject_hash = @hash ORDER BY deleted_at DESC LIMIT 1";
        var issuer = await connection.QuerySingleOrDefaultAsync<string>(new CommandDefinition(
            former, new { identity.Subject, identity.Issuer, no = false }, transaction, cancellationToken: cancellationToken));
        if (issuer is not null)
        {
            return Former(issuer);
        }

        var wasEnabled = await connection.QuerySingleOrDefaultAsync<bool?>(new CommandDefinition(
            deleted, new { hash = Hash(identity.Subject) }, transaction, cancellationToken: cancellationToken));
        return wasEnabled is false ? Deleted : null;
    }
}
