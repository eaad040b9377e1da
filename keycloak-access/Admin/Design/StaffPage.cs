using Microsoft.AspNetCore.Components;

namespace KeycloakAccess.Admin.Design;

/// <summary>A page for whoever is signed in: who looks at it, and what it shows.</summary>
/// <typeparam name="TView">What the page shows, read before it is drawn: a page asks for nothing itself.</typeparam>
public abstract class StaffPage<TView> : ComponentBase
    where TView : class
{
    /// <summary>Who looks at it.</summary>
    [Parameter, EditorRequired]
    public Viewer Viewer { get; set; } = null!;

    /// <summary>What it shows.</summary>
    [Parameter, EditorRequired]
    public TView View { get; set; } = null!;
}
