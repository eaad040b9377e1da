namespace KeycloakRealm.Model;

/// <summary>Executions in order; one of them may be another flow.</summary>
internal sealed class AuthenticationFlow
{
    public required string Id { get; init; }

    public required string Alias { get; init; }

    public List<AuthenticationExecution> Executions { get; } = [];

    /// <summary>The conditions on the level of authentication, in this flow and those below it.</summary>
    public IEnumerable<AuthenticationExecution> Levels => All.Where(each => each is { Authenticator: LevelCondition, IsEnabled: true });

    public bool HasLevels => Levels.Any();

    /// <summary>With those of the flows below.</summary>
    public IEnumerable<AuthenticationExecution> All =>
        Executions.SelectMany(each => each.Flow is { } inner ? inner.All.Prepend(each) : [each]);

    private const string LevelCondition = "conditional-level-of-authentication";
}

internal sealed class AuthenticationExecution
{
    public required string Id { get; init; }

    public required Requirement Requirement { get; init; }

    /// <summary>Null for a flow.</summary>
    public string? Authenticator { get; init; }

    /// <summary>Null for an authenticator.</summary>
    public AuthenticationFlow? Flow
    {
        get;
        init
        {
            field = value;
            value?.Executions.ForEach(each => each.Parent = this);
        }
    }

    public IReadOnlyDictionary<string, string> Config { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The execution whose flow this one is part of; null at the top.</summary>
    public AuthenticationExecution? Parent { get; private set; }

    public bool IsEnabled => Requirement is not Requirement.Disabled;

    public string? Setting(string name) => Config.GetValueOrDefault(name);

    public bool SettingIs(string name) => string.Equals(Setting(name), "true", StringComparison.OrdinalIgnoreCase);

    public int SettingNumber(string name) =>
        int.TryParse(Setting(name), System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : 0;
}

internal enum Requirement
{
    Required,
    Alternative,
    Conditional,
    Disabled,
}
