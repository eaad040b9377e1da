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

    /// <summary>What a newer version of this program applied. Histories of other applications in the same database are theirs.</summary>
    public AppliedMigration? FindNewer(IEnumerable<AppliedMigration> applied, DatabaseEngine engine)
    {
        var known = _histories.ToDictionary(
            history => history.Name, history => history.Names(engine).ToHashSet(StringComparer.Ordinal), StringComparer.Ordinal);
        return applied.FirstOrDefault(each => known.TryGetValue(each.History, out var names) && !names.Contains(each.Name));
    }
}

internal sealed record AppliedMigration(string History, string Name)
{
    public const string Select = "SELECT history, name FROM schema_migrations ORDER BY history, name";

    public static DatabaseException IsNewer(Database database, AppliedMigration newer) => new(
        $"The schema of {database.Place} is newer than this program, which does not know {newer.Name} of {newer.History}. "
        + "Start the version that brought it, or a later one. To go back to this version nevertheless, set Database:AllowNewer to true; "
        + "what the newer one changed stays as it is.");
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
