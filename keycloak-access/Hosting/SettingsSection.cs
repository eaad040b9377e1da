namespace KeycloakAccess.Hosting;

/// <summary>A section, with its keys: <c>A</c>, <c>A:B</c>, <c>A:*</c> for a list. Without any, whatever stands in it is known.</summary>
internal sealed record SettingsSection(string Name, IReadOnlyList<string> Keys)
{
    /// <summary>A section that is one value.</summary>
    public const string Value = "";

    /// <summary>A section that is a list of values.</summary>
    public const string List = "*";

    /// <summary>What is wrong with the values, where their types are known.</summary>
    public Func<IConfigurationSection, IReadOnlyList<string>> Mistakes { get; init; } = _ => [];

    public static SettingsSection FromOptions<TOptions>(string name)
        where TOptions : class, new()
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return new(name, SettingsReader.KeysOf(typeof(TOptions)))
        {
            Mistakes = section =>
            {
                var mistakes = new List<string>();
                SettingsReader.Fill(section, new TOptions(), mistakes);
                return mistakes;
            },
        };
    }
}
