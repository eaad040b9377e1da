using Microsoft.Extensions.Options;

namespace KeycloakAccess.Authentication.StepUp;

/// <summary>
/// What the sign-in must be like of whoever hands out or takes away everything (<c>*:*</c>) or deletes an account: section <c>StepUp</c>.
/// Nothing is asked for unless one of the two is set.
/// </summary>
public sealed class StepUpOptions
{
    /// <summary>The name of the configuration section.</summary>
    public const string Section = "StepUp";

    /// <summary>The levels (<c>acr</c>) of the realm that are enough, the preferred one first. Default: none is asked for.</summary>
    public IReadOnlyList<string> Acr { get; set; } = [];

    /// <summary>How long ago the sign-in may be, from 1 minute to 1 day. Default: as long as it wants.</summary>
    public TimeSpan? MaxAge { get; set; }

    internal StepUpRule? Rule => Acr.Count == 0 && MaxAge is null ? null : new StepUpRule(Acr, MaxAge);
}

internal sealed class StepUpValidator : IValidateOptions<StepUpOptions>
{
    public ValidateOptionsResult Validate(string? name, StepUpOptions options) => options.Rule?.FindMistake() is { } mistake
        ? ValidateOptionsResult.Fail($"{StepUpOptions.Section}: {mistake}")
        : ValidateOptionsResult.Success;
}
