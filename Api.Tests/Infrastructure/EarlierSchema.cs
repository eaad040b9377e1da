using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using KeycloakAccess.Data;
using Dapper;

namespace Api.Tests.Infrastructure;

/// <summary>What a service of an earlier version would have left: its migrations, and their checksums.</summary>
internal static class EarlierSchema
{
    /// <summary>Applies the migrations that come before the given one.</summary>
    public static async Task ApplyAsync(DbConnection connection, DatabaseEngine engine, string before, CancellationToken cancellationToken)
    {
        await connection.ExecuteAsync("CREATE TABLE schema_migrations (name TEXT PRIMARY KEY, checksum TEXT NOT NULL, applied_at TEXT NOT NULL)");
        foreach (var name in Migrator.Names(engine).TakeWhile(name => string.CompareOrdinal(name, before) < 0))
        {
            await using var stream = typeof(Migrator).Assembly.GetManifestResourceStream($"KeycloakAccess.Data.Migrations.{engine}.{name}.sql")!;
            using var reader = new StreamReader(stream);
            var sql = (await reader.ReadToEndAsync(cancellationToken)).ReplaceLineEndings("\n");
            await connection.ExecuteAsync(sql, new MigrationValues("acme-api"));
            await connection.ExecuteAsync(
                "INSERT INTO schema_migrations (name, checksum, applied_at) VALUES (@name, @checksum, '')",
                new { name, checksum = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sql))) });
        }
    }
}
