using System.Xml;
using System.Xml.Linq;
using Dapper;
using KeycloakAccess.Data;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace KeycloakAccess.ProtectionKeys;

/// <summary>Keeps the keys in the database, so that all instances have the same.</summary>
internal sealed class ProtectionKeyStore(Database database, TimeProvider clock) : IXmlRepository
{
    private volatile HashSet<string> _read = new(StringComparer.Ordinal);

    public IReadOnlyCollection<XElement> GetAllElements() => ReadAsync().GetAwaiter().GetResult();

    public void StoreElement(XElement element, string friendlyName) =>
        database.WriteAsync(write => StoreAsync(write, element, friendlyName), CancellationToken.None).GetAwaiter().GetResult();

    private async Task<IReadOnlyCollection<XElement>> ReadAsync()
    {
        await using var connection = await database.OpenAsync(CancellationToken.None);
        var rows = (await connection.QueryAsync<Row>("SELECT id, xml FROM protection_keys ORDER BY added_at, id")).AsList();
        _read = rows.Select(row => row.Id).ToHashSet(StringComparer.Ordinal);
        return [.. rows.Select(Parse)];
    }

    private async Task StoreAsync(WriteTransaction write, XElement element, string id)
    {
        const string insert = "INSERT INTO protection_keys (id, xml, added_at) VALUES (@id, @xml, @now)";
        if (database.Engine == DatabaseEngine.PostgreSql)
        {
            await write.Connection.ExecuteAsync(
                "LOCK TABLE protection_keys IN SHARE ROW EXCLUSIVE MODE", transaction: write.Transaction);
        }

        // Two instances that start at once find no key, and each makes one. The framework reads again when it has made one, so whoever
        // is second takes the first one's.
        var others = await write.Connection.QueryAsync<string>("SELECT id FROM protection_keys", transaction: write.Transaction);
        if (element.Name == "key" && others.Any(other => other.StartsWith("key-", StringComparison.Ordinal) && !_read.Contains(other)))
        {
            return;
        }

        var xml = element.ToString(SaveOptions.DisableFormatting);
        await write.Connection.ExecuteAsync(insert, new { id, xml, now = clock.GetUtcNow() }, write.Transaction);
        await write.CommitAsync();
    }

    private XElement Parse(Row row)
    {
        try
        {
            return XElement.Parse(row.Xml);
        }
        catch (XmlException exception)
        {
            throw ProtectionKeyCheck.Damaged($"the row {row.Id} of the table protection_keys ({database.Place})", exception);
        }
    }

    private sealed record Row
    {
        public required string Id { get; init; }

        public required string Xml { get; init; }
    }
}
