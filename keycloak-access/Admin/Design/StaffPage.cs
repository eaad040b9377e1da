using Microsoft.AspNetCore.Components;

namespace KeycloakAccess.Admin.Design;

/// <summary>Its view is read before it is drawn: a page asks for nothing itself.</summary>
public abstract class StaffPage<TView> : ComponentBase
    where TView : class
{
    [Parameter, EditorRequired]
    public Viewer Viewer { get; set; } = null!;

    [Parameter, EditorRequired]
    public TView View { get; set; } = null!;
}
