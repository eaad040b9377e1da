using Microsoft.Extensions.Options;

namespace KeycloakAccess.Hosting;

/// <summary>
/// Declares what an application reads of its configuration. What nothing declares ends the start with the name that was probably meant:
/// every name in files and on the command line, and in the environment, which holds much else, the names that are near to a declared one.
/// </summary>
public static class SettingsSetup
{
    /// <summary>
    /// Declares a section by its options, which are filled from it. A value that cannot be read ends the start; an empty one is as if it
    /// were not there. Their attributes are rules (<c>[Range(1, 100)]</c>).
    /// </summary>
    /// <typeparam name="TOptions">
    /// A class whose properties are values, lists of values (<c>IList&lt;string&gt;</c>), or classes of the same kind.
    /// </typeparam>
    /// <param name="services">The application's services.</param>
    /// <param name="section">Its name: <c>Lending</c>.</param>
    /// <returns>For further rules, such as <c>Validate</c>.</returns>
    /// <exception cref="ArgumentException">A property is of another kind.</exception>
    public static OptionsBuilder<TOptions> AddSettings<TOptions>(this IServiceCollection services, string section)
        where TOptions : class, new()
    {
        services.AddSingleton(SettingsSection.FromOptions<TOptions>(section));
        return services.AddOptions<TOptions>()
            .Configure<IConfiguration>((options, configuration) => SettingsReader.Read(configuration.GetSection(section), options))
            .ValidateOnStart();
    }

    /// <summary>Declares what something else reads: a section of a library, or connection strings of the application's own.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="section">Its name: <c>Serilog</c>, <c>ConnectionStrings</c>.</param>
    /// <param name="keys">
    /// The keys in it: <c>Invoices</c>, <c>Reminders:Enabled</c>, <c>Holidays:*</c> for a list. None given: any. An empty one stands for a
    /// section that is a value itself. Keys of a section that is declared several times add up.
    /// </param>
    public static void AddSettings(this IServiceCollection services, string section, params string[] keys)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(section);
        ArgumentNullException.ThrowIfNull(keys);
        services.AddSingleton(new SettingsSection(section, keys));
    }

    /// <summary>Reads a section before there are services, with the rules of <see cref="AddSettings{TOptions}"/>.</summary>
    /// <typeparam name="TOptions">As there.</typeparam>
    /// <param name="configuration">The application's configuration.</param>
    /// <param name="section">The section's name.</param>
    /// <exception cref="OptionsValidationException">The section holds names that are not known, or values that cannot be read.</exception>
    public static TOptions ReadSettings<TOptions>(this IConfiguration configuration, string section)
        where TOptions : class, new()
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var declared = SettingsSection.FromOptions<TOptions>(section);
        SettingsCheck.Run(configuration, [declared], other => string.Equals(other, section, StringComparison.OrdinalIgnoreCase));
        var options = new TOptions();
        SettingsReader.Read(configuration.GetSection(section), options);
        return options;
    }

    /// <exception cref="OptionsValidationException">Names that are not known, and values that cannot be read.</exception>
    internal static void CheckSettings(this IServiceProvider services) =>
        SettingsCheck.Run(services.GetRequiredService<IConfiguration>(), services.GetServices<SettingsSection>(), _ => true);
}
