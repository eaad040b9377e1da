using System.Collections;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace KeycloakAccess.Data;

/// <summary>Histories know nothing of each other, so that an update of the engine never touches an application's files.</summary>
internal sealed record MigrationHistory(string Name, Assembly Assembly, string Prefix)
{
    public static readonly MigrationHistory Engine = new(
        "KeycloakAccess", typeof(MigrationHistory).Assembly, "KeycloakAccess.Data.Migrations");

    public static MigrationHistory FromApplication(Assembly assembly)
    {
        var name = assembly.GetName().Name!;
        return new(name, assembly, $"{name}.Migrations");
    }

    public IReadOnlyList<string> Names(DatabaseEngine engine)
    {
        var prefix = $"{Prefix}.{engine}.";
        return [.. Assembly.GetManifestResourceNames()
            .Where(resource => resource.StartsWith(prefix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(resource => resource[prefix.Length..^".sql".Length])];
    }

    public Task<Migration> ReadAsync(DatabaseEngine engine, string name, CancellationToken cancellationToken) =>
        ReadAsync($"{Prefix}.{engine}.{name}.sql", name, cancellationToken);

    public static Task<Migration> ReadFormerAsync(DatabaseEngine engine, CancellationToken cancellationToken) =>
        Engine.ReadAsync($"{Engine.Prefix}.Former.{engine}.sql", "former", cancellationToken);

    private async Task<Migration> ReadAsync(string resource, string name, CancellationToken cancellationToken)
    {
        await using var stream = Assembly.GetManifestResourceStream(resource)!;
        using var reader = new StreamReader(stream);
        // Line ends are a matter of the checkout, not of the migration.
        return new Migration(name, (await reader.ReadToEndAsync(cancellationToken)).ReplaceLineEndings("\n"));
    }
}

internal sealed class MigrationHistories(IEnumerable<MigrationHistory> applications) : IEnumerable<MigrationHistory>
{
    private readonly MigrationHistory[] _histories = [MigrationHistory.Engine, .. applications];

    public IEnumerator<MigrationHistory> GetEnumerator() => _histories.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

internal sealed record Migration(string Name, string Sql)
{
    private const string FormerlyLine = "-- Formerly: ";

    public string Checksum { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Sql)));

    /// <summary>Its name in the one history that there was before, from its first line.</summary>
    public string? Formerly => Sql.StartsWith(FormerlyLine, StringComparison.Ordinal)
        ? Sql[FormerlyLine.Length..Sql.IndexOf('\n', StringComparison.Ordinal)]
        : null;
}

/// <summary>What a migration may refer to, as <c>@Resource</c>: the client id of the API in Keycloak.</summary>
internal sealed record MigrationValues(string Resource);
