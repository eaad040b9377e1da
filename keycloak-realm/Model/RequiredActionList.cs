namespace KeycloakRealm.Model;

/// <summary>The required actions that are enabled, in the order in which they are asked. Others are asked of nobody in a browser.</summary>
internal sealed class RequiredActionList(IEnumerable<RequiredActionSetting> actions)
{
    private readonly List<RequiredActionSetting> _actions = [.. actions];

    public IEnumerable<string> Names => _actions.Select(action => action.Name);

    public RequiredActionSetting? Find(string name) => _actions.Find(action => string.Equals(action.Name, name, StringComparison.Ordinal));

    public bool Contains(string name) => Find(name) is not null;
}

internal sealed record RequiredActionSetting(string Name)
{
    public const int UsualAge = 300;

    /// <summary>Seconds after which whoever is signed in proves again who they are, where a client asks for the action.</summary>
    public int MaxAuthAge { get; init; } = UsualAge;
}
